package meta

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// userData appends the member user_data and judges what stands in it.
func (b *builder) userData() {
	b.Dst = append(jsonappend.Key(b.Dst, "user_data"), '{')
	for i := range rows {
		b.identifier(i, &rows[i])
	}
	b.Dst = append(b.Dst, '}')
	if b.keys.has(atIP) != b.keys.has(atUserAgent) {
		b.Quality -= 0.5 // the two count together
	}
	b.sufficient()
}

// sufficient is gate 6: is there an identifier at all, more than context, and
// more than the sets that Meta refuses?
func (b *builder) sufficient() {
	keys := b.keys &^ ownedKeys
	switch {
	case keys == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
		return
	case keys.subsetOf(contextualKeys) && !b.in.Route.Destination.ContextualOnly:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "only address, user agent, place or gender are left"))
		return
	}
	for _, weak := range tooWeak {
		if keys.subsetOf(weak) {
			b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "what is left is too little for Meta"))
			return
		}
	}
}

// identifier appends one row's value where it is there, allowed and usable.
func (b *builder) identifier(i int, r *row) {
	var one [1]identity.Raw
	values := one[:0]
	if r.many != nil {
		values = r.many(b.ev)
	} else if v := r.one(b.ev); !v.IsZero() {
		one[0] = v
		values = one[:1]
	}
	if len(values) == 0 || r.owned && b.channel == "" {
		return
	}
	if why := b.forbidden(i, r); why != "" {
		b.drop(r.kind, why)
		return
	}
	if !b.write(r, values) {
		return
	}
	b.keys |= 1 << i
	b.Quality += r.weight
	if !r.owned {
		b.Present = b.Present.With(r.kind)
	}
	if i == atFbc || i == atFbp {
		b.relies |= consent.AdStorage
	}
}

// forbidden tells why an identifier may not be read, empty where it may.
func (b *builder) forbidden(i int, r *row) decision.DropReason {
	if r.owned {
		return ""
	}
	if !b.in.Route.Kinds.Has(r.kind) {
		return decision.DropNotAllowed
	}
	switch i {
	case atFbc, atFbp:
		if !b.in.Usable.Has(consent.AdStorage) {
			return decision.DropConsent
		}
	case atAnonID:
		if b.action != "app" {
			return decision.DropUnsupported
		}
	case atPageScopedID, atCtwaClid, atIGSID:
		if b.channel == "" {
			return decision.DropUnsupported
		}
	}
	if r.kind == decision.KindAdvertisingID && trackingRefused(b.ev) {
		return decision.DropConsent
	}
	// Meta wants none of these in a conversation.
	if b.channel != "" && (i == atIP || i == atUserAgent || i == atFbc || i == atFbp) {
		return decision.DropUnsupported
	}
	return ""
}

// trackingRefused reports that the app's user said no to tracking.
func trackingRefused(e *event.Event) bool {
	return e.Device.TrackingAuthorized.Set && !e.Device.TrackingAuthorized.Value
}

// write appends a row's member; false where no value was usable.
func (b *builder) write(r *row, values []identity.Raw) bool {
	start := len(b.Dst)
	b.Dst = jsonappend.Key(b.Dst, r.key)
	ok := false
	switch r.enc {
	case hashList:
		ok = b.hashes(r, values)
	case externalIDs:
		if b.dest.externalRaw {
			ok = b.clearIDs(values)
		} else {
			ok = b.hashes(r, values)
		}
	case fbcText:
		ok = b.fbc()
	default:
		ok = b.single(r, values[0])
	}
	if !ok {
		b.Dst = b.Dst[:start]
		b.drop(r.kind, decision.DropInvalid)
		if r.enc != hashList && !noted(b.Notes, r.path) {
			b.Notes.Add(event.Path(r.path), event.NoteInvalid)
		}
	}
	return ok
}

// noted reports that something has been noted about a member.
func noted(notes event.Notes, path string) bool {
	for _, n := range notes {
		if strings.HasPrefix(n.Path, path) {
			return true
		}
	}
	return false
}

// at is the path of the row's value i.
func (r *row) at(i int) event.At {
	if r.many != nil {
		return event.Entry(r.path, i, "")
	}
	return event.Path(r.path)
}

// hashes appends an array of digests, sorted and without repeats.
func (b *builder) hashes(r *row, values []identity.Raw) bool {
	b.digests.Reset()
	n := normalising{normal: r.normal, hints: &b.hints, of: r.of, field: r.field}
	for i, v := range values {
		if v.IsZero() {
			continue
		}
		var form Form
		var why event.NoteCode
		b.Scratch, form, why = n.digest(b.digests.Next(), b.Scratch, v)
		if form == Dropped {
			b.drop(r.kind, decision.DropInvalid)
			b.Notes.Add(r.at(i), why)
			continue
		}
		if !b.digests.Take(payload.MaxDigests) {
			b.drop(r.kind, decision.DropLimit)
			b.Notes.Add(event.Path(r.path), event.NoteLimit)
		}
	}
	b.Dst = b.digests.Append(b.Dst)
	return b.digests.Len() > 0
}

// clearIDs appends external ids as they are, which a destination may ask for so
// that they equal what its browser tag sends. What looks like an e-mail
// address, phone or card number never leaves this way.
func (b *builder) clearIDs(values []identity.Raw) bool {
	var list [payload.MaxDigests]string
	n := 0
next:
	for i, v := range values {
		s := identity.Trim(v.Reveal())
		if s == "" {
			continue
		}
		if identity.Placeholder(identity.AnyField, s) {
			b.drop(decision.KindExternalID, decision.DropInvalid)
			b.Notes.Add(event.Entry("identity.external_ids", i, ""), event.NotePlaceholder)
			continue
		}
		// Meta refuses a request whose external id has an at sign.
		if payload.Unsafe(b.ev, s) || strings.IndexByte(s, '@') >= 0 {
			b.Refused(event.Entry("identity.external_ids", i, ""))
			b.drop(decision.KindExternalID, decision.DropInvalid)
			continue
		}
		at := 0
		for ; at < n && list[at] <= s; at++ {
			if list[at] == s {
				continue next
			}
		}
		if n == len(list) {
			b.drop(decision.KindExternalID, decision.DropLimit)
			b.Notes.Add(event.Path("identity.external_ids"), event.NoteLimit)
			continue
		}
		copy(list[at+1:n+1], list[at:n])
		list[at] = s
		n++
	}
	b.Dst = append(b.Dst, '[')
	for _, s := range list[:n] {
		b.Dst = jsonappend.Comma(b.Dst)
		if h, hashed := prehashed(s); hashed {
			b.Dst = jsonappend.Hex(b.Dst, &h)
		} else {
			b.Dst = jsonappend.String(b.Dst, identity.Vouch(s))
		}
	}
	b.Dst = append(b.Dst, ']')
	return n > 0
}

// single appends an identifier that leaves in clear, after its own check.
func (b *builder) single(r *row, v identity.Raw) bool {
	s := identity.Trim(v.Reveal())
	if identity.Placeholder(identity.AnyField, s) || !payload.Visible(s) {
		b.Notes.Add(event.Path(r.path), event.NotePlaceholder)
		return false
	}
	if _, hashed := prehashed(s); hashed {
		return false // a hashed address or user agent is useless and refused
	}
	switch r.enc {
	case address:
		return b.address(v)
	case fbpText:
		return b.fbp(v.Reveal())
	case leadNumber:
		// Meta's exports of leads write l: in front of the id.
		return b.number(strings.TrimPrefix(s, "l:"), 15, 17)
	case loginNumber:
		return b.number(s, 1, 18)
	case deviceID:
		return b.deviceID(s)
	case partner:
		return b.opaque(r, s, strings.ContainsAny(s, "@ \"<>") || payload.Unsafe(b.ev, s))
	default:
		return b.opaque(r, s, payload.Unsafe(b.ev, s))
	}
}

// opaque appends a string that Meta takes in clear unless it looks like what
// must not leave.
func (b *builder) opaque(r *row, s string, unsafe bool) bool {
	if unsafe {
		b.Refused(event.Path(r.path))
		return false
	}
	b.Dst = jsonappend.String(b.Dst, identity.Vouch(s))
	return true
}

// address appends a public IP address in its canonical form; a mark of Meta's
// reference library stays behind it.
func (b *builder) address(v identity.Raw) bool {
	addr, ok := identity.PublicIP(v)
	mark := ""
	if !ok {
		s := identity.Trim(v.Reveal())
		i := strings.LastIndexByte(s, '.')
		if i < 0 || !isMark(s[i+1:]) {
			return false
		}
		if addr, ok = identity.PublicIP(identity.NewRaw(s[:i])); !ok {
			return false
		}
		mark = s[i:]
	}
	b.Scratch = append(addr.AppendTo(b.Scratch[:0]), mark...)
	b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(b.Scratch))
	return true
}

// number appends an integer of least to most digits.
func (b *builder) number(s string, least, most int) bool {
	if len(s) < least || len(s) > most || !allDigits(s) || s[0] == '0' {
		return false
	}
	b.Dst = append(b.Dst, s...)
	return true
}

// deviceID appends an advertising id: a UUID in lower case. All zeros is what a
// device gives whose owner opted out.
func (b *builder) deviceID(s string) bool {
	if len(s) != 36 {
		return false
	}
	b.Scratch = b.Scratch[:0]
	zero := true
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !digit(c) && (c < 'a' || c > 'f') {
			return false
		}
		zero = zero && (c == '0' || c == '-')
		b.Scratch = append(b.Scratch, c)
	}
	if zero {
		return false
	}
	b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(b.Scratch))
	return true
}

func (b *builder) fbp(s string) bool {
	id, ok := ParseBrowserID(s)
	if !ok {
		return false
	}
	b.oddTime("click.fbp", id)
	b.Scratch = appendCookie(b.Scratch[:0], s, id)
	b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(b.Scratch))
	return true
}
