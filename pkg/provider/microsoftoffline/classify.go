package microsoftoffline

import (
	"cmp"
	"encoding/json"
	"strconv"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/reply"
)

// answer is what the service says: a success with PartialErrors, or a fault
// (AdApiFaultDetail, ApiFaultDetail). Unknown members are left alone.
type answer struct {
	TrackingID string          `json:"TrackingId"`
	Partial    json.RawMessage `json:"PartialErrors"`
	Errors     []*problem      `json:"Errors"`
	Operation  []*problem      `json:"OperationErrors"`
	Batch      []*problem      `json:"BatchErrors"`
}

// problem is one error. FieldPath and Details, which may quote an identifier, are
// not read.
type problem struct {
	Code      *int   `json:"Code"`
	ErrorCode string `json:"ErrorCode"`
	Message   string `json:"Message"`
	Index     *int   `json:"Index"`
}

func (p *problem) text() string {
	return reply.Text(p.ErrorCode+": "+p.Message, reply.MaxMessage)
}

// row is the table's row of a problem.
func (p *problem) row() (code, bool) {
	if p.Code == nil {
		return code{class: provider.Invalid}, false
	}
	return lookup(*p.Code)
}

// unreadable reports what refuses a request in which an item cannot be read: the
// code of an internal error without its name.
func (p *problem) unreadable(status int) bool {
	return status == 400 && p.Code != nil && *p.Code == codes[0].number && p.ErrorCode != codes[0].name
}

// Classify implements provider.Provider. Codes decide before the status, of which
// nobody says what faults have.
func (Provider) Classify(n int, r *provider.Response) provider.Answer {
	a := provider.Answer{WaitMS: reply.RetryAfter(r)}
	var said answer
	err := reply.JSON(r, &said)
	if err != nil {
		said = answer{}
	}
	a.RequestID = reply.Text(cmp.Or(reply.Header(r, "TrackingId"), said.TrackingID), reply.MaxRequestID)
	ok := r.Status >= 200 && r.Status < 300
	var partial []*problem
	read := err == nil && said.Partial != nil && json.Unmarshal(said.Partial, &partial) == nil
	faults := said.faults()
	switch {
	case len(faults) > 0:
		refused(&a, n, r.Status, faults, said.Batch)
	case ok && read:
		applied(&a, n, present(partial))
	case ok:
		a.Class, a.Message = provider.UnknownOutcome, "the answer cannot be read"
	default:
		a.Class, a.Code = reply.ByStatus(r.Status), "HTTP "+strconv.Itoa(r.Status)
		a.Unmapped = !documented(r.Status)
		if a.Class == provider.Invalid {
			reply.Blame(&a, n, nil)
		}
	}
	return a
}

func documented(status int) bool {
	return status == 400 || status == 401 || status == 413 || status == 429 || status >= 500 && status < 600
}

// faults are all errors of a fault.
func (s *answer) faults() []*problem {
	return present(append(append(append([]*problem(nil), s.Errors...), s.Operation...), s.Batch...))
}

// present leaves out the nulls, which lists of the service may have.
func present(all []*problem) []*problem {
	var there []*problem
	for _, p := range all {
		if p != nil {
			there = append(there, p)
		}
	}
	return there
}

// urgency orders the classes of a fault's errors: what concerns the whole request
// first.
var urgency = [...]provider.Class{provider.Credentials, provider.Throttled, provider.Configuration, provider.Transient}

// refused reads a fault: the whole request is refused.
func refused(a *provider.Answer, n, status int, all, batch []*problem) {
	chosen := all[0]
	row, known := chosen.row()
	for _, class := range urgency {
		for _, p := range all {
			if c, is := p.row(); is && c.class == class {
				chosen, row, known = p, c, true
				break
			}
		}
		if row.class == class {
			break
		}
	}
	a.Class, a.Code, a.Message, a.Unmapped = row.class, chosen.number(), chosen.text(), !known
	switch {
	case !known && (status < 300 || status >= 500):
		a.Class = provider.Transient // a refusal of which nothing is known
	case !known:
		a.Class = reply.ByStatus(status)
	case chosen.unreadable(status):
		a.Class = provider.Invalid
	}
	a.WaitMS = cmp.Or(a.WaitMS, waits(chosen, a.Class))
	if a.Class == provider.Invalid {
		faults, _ := items(n, present(batch))
		reply.Blame(a, n, faults)
	}
}

func (p *problem) number() string {
	if p.Code == nil {
		return reply.Text(p.ErrorCode, 64)
	}
	return strconv.Itoa(*p.Code)
}

// waits is how long a code asks to wait.
func waits(p *problem, class provider.Class) int64 {
	switch {
	case class == provider.Throttled && p.Code != nil && *p.Code == codeRate:
		return rateWait
	case class == provider.Transient && p.Code != nil && *p.Code == codeYoung:
		return young
	}
	return 0
}

// items are the faults of single items; false where one names no item of the
// request, so that nobody knows which are meant.
func items(n int, all []*problem) (faults []provider.Fault, ok bool) {
	for _, p := range all {
		row, _ := p.row()
		f := provider.Fault{Code: p.number(), Message: p.text(), Class: row.class, WaitMS: waits(p, row.class)}
		switch {
		case p.Index != nil && *p.Index >= 0 && *p.Index < n:
			f.Index = *p.Index
		case n != 1:
			return nil, false
		}
		if f.Class == provider.Credentials { // nothing for one item
			f.Class = provider.Configuration
		}
		faults = append(faults, f)
	}
	return faults, true
}

// applied reads a success: items without an error are applied.
func applied(a *provider.Answer, n int, all []*problem) {
	if len(all) == 0 {
		a.Class = provider.Accepted
		return
	}
	for _, p := range all {
		_, known := p.row()
		a.Unmapped = a.Unmapped || !known
	}
	a.Code, a.Message = all[0].number(), all[0].text()
	faults, ok := items(n, all)
	if !ok {
		// Halved until the refused event is alone, without what would count twice.
		a.Class, a.SomeDelivered = provider.Invalid, true
		return
	}
	a.Class = provider.Invalid
	reply.Blame(a, n, faults)
	if class, whole := sameForAll(a, n); whole {
		a.WaitMS = cmp.Or(a.WaitMS, a.Faults[0].WaitMS)
		a.Class, a.Faults = class, nil
		return
	}
	a.RestDelivered = true
}

// sameForAll reports that every item is put off for the same cause, or that the
// customer may not use the API: then it is not the items. A goal that is young or
// unknown concerns its own items only.
func sameForAll(a *provider.Answer, n int) (provider.Class, bool) {
	if len(a.Faults) != n {
		return 0, false
	}
	first := &a.Faults[0]
	for i := range a.Faults {
		if a.Faults[i].Code != first.Code {
			return 0, false
		}
	}
	switch class := first.Means(); {
	case class == provider.Throttled, class == provider.Transient && (n == 1 || first.Code != strconv.Itoa(codeYoung)):
		return class, true
	case class == provider.Configuration && first.Code == strconv.Itoa(codePilot):
		return class, true
	}
	return 0, false
}
