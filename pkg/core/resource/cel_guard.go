package resource

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The bounds of one call of a string function. The evaluator charges for a call
// after it has run, so a call whose result is gigabytes ends the process before
// its cost is known: nine times replace(”, 'aaaaaaaaaa') makes a gigabyte of
// one letter. These bounds are asked before the call.
const (
	maxStringBytes = 1 << 18 // of a result; four times the longest text of an event
	maxStringParts = 10_000  // of split
	maxSearchSteps = 1 << 22 // of indexOf and lastIndexOf: runes times runes
)

// tooExpensive begins the message of a call that a bound refuses.
const tooExpensive = "cost limit exceeded before the call of "

// within reports whether a call stays inside the bounds. It reads its arguments
// and makes nothing of their size.
type within func(args []ref.Val) bool

// guards names every string function whose result or work can outgrow its
// operands. The others give at most what they are given.
var guards = map[string]within{
	"replace":       replaceWithin,
	"split":         splitWithin,
	"join":          joinWithin,
	"format":        formatWithin,
	"indexOf":       searchWithin,
	"lastIndexOf":   searchWithin,
	"strings.quote": quoteWithin,
}

// guardStrings puts the bounds in front of the library's string functions: an
// overload of the same name and types replaces the library's and calls it.
func guardStrings(env *cel.Env) (*cel.Env, error) {
	var options []cel.EnvOption
	for name, ask := range guards {
		function := env.Functions()[name]
		bindings, err := function.Bindings()
		if err != nil {
			return nil, err
		}
		byID := map[string]*functions.Overload{}
		for _, b := range bindings {
			byID[b.Operator] = b
		}
		for _, o := range function.OverloadDecls() {
			declare := cel.Overload
			if o.IsMemberFunction() {
				declare = cel.MemberOverload
			}
			binding := cel.FunctionBinding(guarded(name, byID[o.ID()], ask))
			options = append(options, cel.Function(name, declare(o.ID(), o.ArgTypes(), o.ResultType(), binding)))
		}
	}
	return env.Extend(options...)
}

func guarded(name string, call *functions.Overload, ask within) functions.FunctionOp {
	return func(args ...ref.Val) ref.Val {
		if !ask(args) {
			return types.NewErr("%s%s", tooExpensive, name)
		}
		switch {
		case call.Unary != nil && len(args) == 1:
			return call.Unary(args[0])
		case call.Binary != nil && len(args) == 2:
			return call.Binary(args[0], args[1])
		default:
			return call.Function(args...)
		}
	}
}

func text(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}

// replaceWithin: every occurrence may become the new text; an empty old text
// occurs before every rune and at the end.
func replaceWithin(args []ref.Val) bool {
	s, old, replacement := text(args[0]), text(args[1]), text(args[2])
	return len(s)+strings.Count(s, old)*len(replacement) <= maxStringBytes
}

func splitWithin(args []ref.Val) bool {
	parts := strings.Count(text(args[0]), text(args[1])) + 1
	if len(args) == 3 {
		if limit, ok := args[2].(types.Int); ok && limit >= 0 {
			parts = min(parts, int(min(limit, maxStringParts)))
		}
	}
	return parts <= maxStringParts
}

func joinWithin(args []ref.Val) bool {
	between := 0
	if len(args) == 2 {
		between = len(text(args[1]))
	}
	list, ok := args[0].(traits.Lister)
	if !ok {
		return true // the call itself refuses it
	}
	room := maxStringBytes
	for it := list.Iterator(); it.HasNext() == types.True; {
		if room -= len(text(it.Next())) + between; room < 0 {
			return false
		}
	}
	return true
}

// searchWithin: the library compares runes in two nested loops.
func searchWithin(args []ref.Val) bool {
	return utf8.RuneCountInString(text(args[0]))*utf8.RuneCountInString(text(args[1])) <= maxSearchSteps
}

// quoteWithin: an escaped rune takes at most four times its bytes.
func quoteWithin(args []ref.Val) bool { return 4*len(text(args[0])) <= maxStringBytes }

// formatWithin: each verb writes one argument once, with at most a hundred
// digits behind the point, and a list or map writes what it holds.
func formatWithin(args []ref.Val) bool {
	room := maxStringBytes - len(text(args[0]))
	return measure(args[1], &room, maxExpressionDepth)
}

// digits is room for a number, a time or a separator in a formatted text. The
// longest double has 309 digits before the point and a hundred behind it.
const digits = 512

// measure takes the size of v from room, and reports whether room was enough.
func measure(v ref.Val, room *int, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v := v.(type) {
	case types.String:
		*room -= 4 * len(v)
	case types.Bytes:
		*room -= 4 * len(v)
	case traits.Mapper:
		for it := v.Iterator(); *room > 0 && it.HasNext() == types.True; {
			key := it.Next()
			if !measure(key, room, depth-1) || !measure(v.Get(key), room, depth-1) {
				return false
			}
		}
	case traits.Lister:
		for it := v.Iterator(); *room > 0 && it.HasNext() == types.True; {
			if !measure(it.Next(), room, depth-1) {
				return false
			}
		}
	default:
		*room -= digits
	}
	return *room > 0
}
