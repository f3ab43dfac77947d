package apply

import (
	"context"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Alone reports what no state of a cluster could make right in files, as a
// *ProblemsError. A name that the files do not declare may be applied already,
// so it is no error here.
func Alone(files []resource.File, in resource.Installation) error {
	_, problems := resource.Load(files, nil, in)
	for i := range problems {
		if strings.Contains(problems[i].Rule, "that exists") {
			problems[i].Warning = true
		}
	}
	if resource.HasErrors(problems) {
		return &ProblemsError{Problems: problems}
	}
	return nil
}

// plan compares files with what is applied. Its error is a *ProblemsError where
// the files would break something; what was wrong before and stays wrong is a
// note.
func (a *Applier) plan(ctx context.Context, files []resource.File, prune bool) (resource.Plan, []resource.Problem, error) {
	current, before, err := a.Current(ctx)
	if err != nil {
		return resource.Plan{}, nil, err
	}
	desired, problems := resource.Load(files, current, a.deps.Resources)
	if !resource.HasErrors(problems) {
		found := resource.Check(current, desired, prune, a.deps.Resources)
		found = append(found, resource.CheckNames(current, desired, prune)...)
		for _, p := range append(found, resource.CheckTerms(desired, a.deps.Now())...) {
			problems = addProblem(problems, p, before)
		}
	}
	if resource.HasErrors(problems) {
		document.Sort(problems)
		return resource.Plan{}, nil, &ProblemsError{Problems: problems}
	}
	return resource.Diff(current, desired, prune), problems, nil
}

func addProblem(problems []resource.Problem, p resource.Problem, before []resource.Problem) []resource.Problem {
	if slices.ContainsFunc(problems, func(q resource.Problem) bool { return same(p, q) }) {
		return problems
	}
	if p.File == "" && slices.ContainsFunc(before, func(q resource.Problem) bool { return same(p, q) }) {
		p.Warning = true
	}
	return append(problems, p)
}

func same(p, q resource.Problem) bool {
	if p.Line > 0 && p.File == q.File && p.Line == q.Line && p.Column == q.Column {
		return p.Rule == q.Rule && p.Value == q.Value
	}
	return p.Resource == q.Resource && p.Path == q.Path && p.Rule == q.Rule
}
