package lifecycle

import "context"

// Func makes a role of a function. A nil ready is ready at once.
func Func(name string, ready <-chan struct{}, run func(ctx context.Context, drain <-chan struct{}) error) Role {
	if ready == nil {
		closed := make(chan struct{})
		close(closed)
		ready = closed
	}
	return &function{name: name, ready: ready, run: run}
}

type function struct {
	name  string
	ready <-chan struct{}
	run   func(context.Context, <-chan struct{}) error
}

func (f *function) Name() string           { return f.name }
func (f *function) Ready() <-chan struct{} { return f.ready }
func (f *function) Run(ctx context.Context, drain <-chan struct{}) error {
	return f.run(ctx, drain)
}
