package resource

import (
	"errors"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// eval evaluates and turns whatever goes wrong into an EvaluationError. The
// evaluator's own messages quote event data (a conversion quotes its operand,
// a map its missing key), so none of their text is passed on.
func (x *expression) eval(vars cel.Activation) (ref.Val, error) {
	out, _, err := x.program.Eval(vars)
	if err == nil {
		return out, nil
	}
	return nil, x.failure(x.why(err))
}

// knownFailures are messages of the evaluator that hold no data, and what
// they are called here.
var knownFailures = [...]struct{ message, why string }{
	{"division by zero", "division by zero"},
	{"modulus by zero", "division by zero"},
	{"overflow", "a number is too large"},
	{"no such overload", "a value has the wrong type"},
	{"no such key", "the key is absent; use has() or orValue()"},
	{"index out of bounds", "the list has no such element"},
	{"type conversion error", "a value cannot be converted"},
	{"regex program size", "the regular expression is too expensive for this event"},
	{"cost limit exceeded", "the expression is too expensive for this event"},
}

func (x *expression) why(err error) string {
	var absent *absentError
	if errors.As(err, &absent) {
		return absent.path + " is absent; use has() or orValue()"
	}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		return "the expression is too expensive for this event"
	}
	why := "the expression gives no result"
	message := err.Error()
	for _, known := range knownFailures {
		if strings.Contains(message, known.message) {
			why = known.why
			break
		}
	}
	if part := x.partOf(err); part != "" {
		return "in " + part + ": " + why
	}
	return why
}

// partOf renders the part of the expression that failed: text that the
// operator wrote, and nothing of the event.
func (x *expression) partOf(err error) string {
	var failed *types.Err
	if !errors.As(err, &failed) || failed.NodeID() == 0 {
		return ""
	}
	native := x.ast.NativeRep()
	var part ast.Expr
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == failed.NodeID() {
			part = e
		}
	}))
	if part == nil {
		return ""
	}
	text, renderErr := cel.ExprToString(part, native.SourceInfo())
	if renderErr != nil || len(text) > 200 {
		return ""
	}
	return text
}
