package resource

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// The bounds of one expression. A sane condition has a few dozen nodes; the
// cost bound is hundreds of times what that needs. Costs count operations and
// bytes, never time, so the same event gets the same answer on every machine.
// docs/reliability.md has the longest time that was measured.
const (
	maxExpressionBytes = 4096
	maxExpressionNodes = 512
	maxExpressionDepth = 64
	maxEvaluationCost  = 250_000
	maxPatternProgram  = 1_000 // steps of a compiled regular expression, for every byte that it reads
)

// Program holds a mapping's compiled expressions. It is safe for concurrent
// use. A nil Program is one without expressions: its condition always holds.
type Program struct {
	when   *expression
	fields []*expression // in the order of their names
	itemID *expression
}

// Field is one computed business field.
type Field struct {
	Name  string
	Value event.Value
}

// EvaluationError says why an expression gave no result (mapping.error). It
// names the expression and the field that was absent, never a value.
type EvaluationError struct {
	Expression string // when, fields.value, item_id
	Why        string
}

// Error implements error.
func (e *EvaluationError) Error() string { return "evaluating " + e.Expression + ": " + e.Why }

// expression is one compiled CEL expression.
type expression struct {
	name    string
	program cel.Program
	ast     *cel.Ast
}

// When reports whether the mapping's condition holds for e.
func (p *Program) When(e *event.Event) (bool, error) {
	if p == nil || p.when == nil {
		return true, nil
	}
	out, err := p.when.eval((*eventActivation)(e))
	if err != nil {
		return false, err
	}
	holds, ok := out.(types.Bool)
	if !ok {
		return false, p.when.failure("the result is not true or false")
	}
	return bool(holds), nil
}

// Fields appends the computed fields in the order of their names. Strings may
// alias the event's.
func (p *Program) Fields(dst []Field, e *event.Event) ([]Field, error) {
	if p == nil {
		return dst, nil
	}
	for _, x := range p.fields {
		out, err := x.eval((*eventActivation)(e))
		if err != nil {
			return dst, err
		}
		value, ok := scalar(out)
		if !ok {
			return dst, x.failure("the result is not a string of at most 262,144 bytes, a finite number or a boolean")
		}
		dst = append(dst, Field{Name: strings.TrimPrefix(x.name, "fields."), Value: value})
	}
	return dst, nil
}

// ItemIDs appends one computed id for each item of the event; it appends
// nothing where the mapping computes none.
func (p *Program) ItemIDs(dst []string, e *event.Event) ([]string, error) {
	if p == nil || p.itemID == nil {
		return dst, nil
	}
	activation := itemActivation{event: e}
	for i := range e.Commerce.Items {
		activation.item = &e.Commerce.Items[i]
		out, err := p.itemID.eval(&activation)
		if err != nil {
			return dst, err
		}
		id, ok := out.(types.String)
		if !ok || id == "" {
			return dst, p.itemID.failure("the result is not a string with something in it")
		}
		dst = append(dst, string(id))
	}
	return dst, nil
}

func (x *expression) failure(why string) error {
	return &EvaluationError{Expression: x.name, Why: why}
}

func scalar(v ref.Val) (event.Value, bool) {
	switch v := v.(type) {
	case types.String:
		return event.Value{Kind: event.String, Str: string(v)}, len(v) <= maxStringBytes
	case types.Double:
		f := float64(v)
		return event.Value{Kind: event.Double, Double: f}, !math.IsNaN(f) && !math.IsInf(f, 0)
	case types.Int:
		return event.Value{Kind: event.Long, Long: int64(v)}, true
	case types.Uint:
		return event.Value{Kind: event.Long, Long: int64(v)}, uint64(v) <= math.MaxInt64
	case types.Bool:
		return event.Value{Kind: event.Boolean, Bool: bool(v)}, true
	default:
		return event.Value{}, false
	}
}

// eventActivation gives an expression its variables without a map.
type eventActivation event.Event

// ResolveName implements cel.Activation.
func (a *eventActivation) ResolveName(name string) (any, bool) {
	switch name {
	case "event":
		return (*event.Event)(a), true
	case "has_identity":
		return (*identityView)(a), true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (a *eventActivation) Parent() cel.Activation { return nil }

type itemActivation struct {
	event *event.Event
	item  *event.Item
}

// ResolveName implements cel.Activation.
func (a *itemActivation) ResolveName(name string) (any, bool) {
	if name == "item" {
		return a.item, true
	}
	return (*eventActivation)(a.event).ResolveName(name)
}

// Parent implements cel.Activation.
func (a *itemActivation) Parent() cel.Activation { return nil }

// celCompiler checks expressions one at a time: the library fills in the words
// that it knows when it first looks for a similar one, without a lock.
type celCompiler struct {
	mu  sync.Mutex
	env *cel.Env
}

func (c *celCompiler) compile(source string) (*cel.Ast, *cel.Issues) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.env.Compile(source)
}

// compilerFor gives the one compiler; withItem also knows the variable item.
func compilerFor(withItem bool) (*celCompiler, error) {
	if withItem {
		return celOfItems()
	}
	return celOfEvents()
}

var (
	celOfEvents = sync.OnceValues(func() (*celCompiler, error) { return newCelCompiler() })
	celOfItems  = sync.OnceValues(func() (*celCompiler, error) {
		return newCelCompiler(cel.Variable("item", celTypes().records[celItem].typ))
	})
)

func newCelCompiler(more ...cel.EnvOption) (*celCompiler, error) {
	registry := celTypes().own()
	env, err := cel.NewEnv(append([]cel.EnvOption{
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(registry),
		cel.Variable("event", registry.records[celEvent].typ),
		cel.Variable("has_identity", registry.records[celIdentity].typ),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true), // event.commerce.value > 100
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(maxExpressionDepth),
		cel.ParserExpressionSizeLimit(maxExpressionBytes),
		cel.ExpressionNodeLimit(maxExpressionNodes),
		cel.ExpressionNestingDepthLimit(maxExpressionDepth),
		cel.RegexProgramSizeLimit(maxPatternProgram),
		ext.Strings(ext.StringsVersion(5)), // the first version whose functions have costs
		ext.Math(),
	}, more...)...)
	if err != nil {
		return nil, err
	}
	env, err = guardStrings(env)
	return &celCompiler{env: env}, err
}

// CompileProgram compiles and type-checks a mapping's expressions. It gives
// nil where the mapping has none; problems have paths such as fields.value.
func CompileProgram(m *Mapping) (*Program, []Problem) {
	if m.When == "" && m.ItemID == "" && len(m.Fields) == 0 {
		return nil, nil
	}
	p := &Program{}
	var problems []Problem
	compile := func(name, source string, withItem bool, want ...*types.Type) *expression {
		x, problem := compileExpression(name, source, withItem, want)
		if problem != nil {
			problem.Path, problem.Value = name, document.Quoted(source)
			problems = append(problems, *problem)
		}
		return x
	}
	if m.When != "" {
		p.when = compile("when", m.When, false, types.BoolType)
	}
	names := make([]string, 0, len(m.Fields))
	for name := range m.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p.fields = append(p.fields, compile("fields."+name, m.Fields[name], false,
			types.StringType, types.DoubleType, types.IntType, types.UintType, types.BoolType))
	}
	if m.ItemID != "" {
		p.itemID = compile("item_id", m.ItemID, true, types.StringType)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}

func compileExpression(name, source string, withItem bool, want []*types.Type) (x *expression, problem *Problem) {
	defer func() {
		// The compiler reads text that anybody may have written into a topic.
		if recover() != nil {
			x, problem = nil, &Problem{Rule: "must be a CEL expression that compiles", Fix: "write it more simply"}
		}
	}()
	compiler, err := compilerFor(withItem)
	if err != nil {
		return nil, &Problem{Rule: "cannot be compiled: " + err.Error()}
	}
	checked, issues := compiler.compile(source)
	if issues.Err() != nil {
		return nil, issueProblem(issues)
	}
	out := checked.OutputType()
	if out.Kind() != types.DynKind && !slices.ContainsFunc(want, out.IsExactType) {
		return nil, resultProblem(out, want)
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if needsCostLimit(checked.NativeRep()) {
		options = append(options, cel.CostLimit(maxEvaluationCost))
	}
	program, err := compiler.env.Program(checked, options...)
	if err != nil {
		return nil, &Problem{Rule: "must be a CEL expression that can be planned: " + err.Error()}
	}
	return &expression{name: name, program: program, ast: checked}, nil
}

func issueProblem(issues *cel.Issues) *Problem {
	p := &Problem{Rule: "must be a valid CEL expression", Fix: "correct the expression"}
	for i, found := range issues.Errors() {
		text := strings.TrimSuffix(found.Message, " (in container '')")
		if i == 0 {
			p.Rule += fmt.Sprintf(": %s at character %d", text, found.Location.Column()+1)
			p.Fix = expressionFix(text)
			continue
		}
		if i < 3 {
			p.Rule += fmt.Sprintf("; %s at character %d", text, found.Location.Column()+1)
		}
	}
	return p
}

func expressionFix(message string) string {
	switch {
	case strings.Contains(message, "undefined field"):
		return "use a field of the event's schema; identity, click, consent, analytics and device identifiers are not visible, has_identity.email and so on are"
	case strings.Contains(message, "undeclared reference"):
		return "the variables are event, has_identity and, in item_id, item; text stands in quotes inside the expression: \"'product'\""
	case strings.Contains(message, "'orValue'"):
		return "a question mark makes a field one that may be absent: item.?group_id.orValue(item.id)"
	case strings.Contains(message, "no matching overload"):
		return "numbers of one kind only go together: write 2.0 instead of 2 beside event.commerce.value, or convert with double()"
	default:
		return "correct the expression"
	}
}

func resultProblem(out *types.Type, want []*types.Type) *Problem {
	p := &Problem{Rule: "must give a string, number or boolean, gives " + cel.FormatCELType(out), Fix: "convert it, for example with string()"}
	if len(want) == 1 {
		p.Rule = "must give " + cel.FormatCELType(want[0]) + ", gives " + cel.FormatCELType(out)
	}
	if out.Kind() == types.OpaqueKind && out.TypeName() == "optional_type" {
		p.Fix = "append .orValue(...) to say what stands in for an absent field"
	}
	return p
}

// cheapOperators are bounded by their operands, and copy nothing. An expression
// of nothing else ends in time by itself and is spared the bookkeeping of costs.
// "+" is cheap for numbers only: it copies texts and lists.
var cheapOperators = map[string]bool{
	"_&&_": true, "_||_": true, "!_": true, "_?_:_": true, "_==_": true, "_!=_": true,
	"_<_": true, "_<=_": true, "_>_": true, "_>=_": true, "_+_": true, "_-_": true, "_*_": true, "_/_": true,
	"_%_": true, "-_": true, "@in": true, "_[_]": true, "_?._": true, "_[?_]": true, "orValue": true, "or": true, "hasValue": true,
	"size": true, "string": true, "double": true, "int": true, "bool": true, "startsWith": true, "endsWith": true,
}

func needsCostLimit(checked *ast.AST) bool {
	costly := false
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.ComprehensionKind:
			costly = true
		case ast.CallKind:
			name := e.AsCall().FunctionName()
			costly = costly || !cheapOperators[name] || name == operators.Add && !isNumber(checked.GetType(e.ID()))
		}
	}))
	return costly
}

func isNumber(t *types.Type) bool {
	return t == types.IntType || t == types.UintType || t == types.DoubleType
}
