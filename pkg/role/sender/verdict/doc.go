// Package verdict asks a provider that answers later what became of the
// requests that it had accepted, and publishes the answers as diagnostics.
//
// Its [Worker] is a work function of the transactional loop: it reads
// submissions, and its output, diagnostics and the next submission of what is
// not finished, commits together with the offsets. The loop's delay is the time
// between two questions. All other I/O, asking and giving claims back, comes
// before the transaction and may be repeated: asking twice publishes the same
// decision ids, and a claim that was given back stays so.
//
// A provider counts, and rarely names, what it refused. A diagnostic names an
// event only where the counts leave no doubt which one is meant; otherwise it
// is about the request and says how many of how many. Nothing is resent: a
// refusal that names an event gives its claim back, so that a corrected copy or
// a replay can pass.
package verdict
