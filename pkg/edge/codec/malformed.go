package codec

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Consent that cannot be read must reach the gate and deny there, not fail in
// decoding and not be skipped: a choice under a name that nobody reads is a choice
// all the same.

// markWrongType makes consent malformed because a field has the wrong type.
func markWrongType(in *consent.Input, field string) {
	if in.Malformed {
		return
	}
	in.Malformed = true
	in.WrongType, _ = consent.ParsePart(field)
}

// markUnknown makes consent malformed because of a member that the contract does
// not have; "" does nothing.
func markUnknown(in *consent.Input, member string) {
	if member == "" || in.UnknownMember != "" {
		return
	}
	in.UnknownMember, in.NearMember = shownMember(member), nearConsentMember(member)
}

// isMalformed tells whether decoding has found consent malformed.
func isMalformed(in *consent.Input) bool { return in.Malformed || in.UnknownMember != "" }

// markMalformed takes over what a lenient coder has met.
func (c *coder) markMalformed(in *consent.Input) {
	if c.json.malformed {
		markWrongType(in, c.json.wrong)
	}
}

// The words that stand in Avro for consent that JSON could not express there: they
// are no known value of ad_storage, so that the gate finds it malformed again, and
// say why.
const (
	wordStart   = "("
	wordEnd     = ")"
	wrongWord   = "(wrong type"
	unknownWord = "(unknown member"
	wordJoint   = ": "
)

func malformedWord(in *consent.Input) string {
	switch {
	case in.UnknownMember != "":
		return unknownWord + wordJoint + in.UnknownMember + wordEnd
	case in.WrongType != consent.WellFormed:
		return wrongWord + wordJoint + in.WrongType.String() + wordEnd
	}
	return wrongWord + wordEnd
}

// readMalformedWord reads such a word back.
func readMalformedWord(in *consent.Input) {
	text, ok := strings.CutSuffix(in.AdStorage.Value, wordEnd)
	if !ok || !strings.HasPrefix(text, wordStart) {
		return
	}
	if rest, ok := strings.CutPrefix(text, wrongWord); ok {
		in.AdStorage = consent.Field{}
		markWrongType(in, strings.TrimPrefix(rest, wordJoint))
	} else if member, ok := strings.CutPrefix(text, unknownWord+wordJoint); ok {
		in.AdStorage = consent.Field{}
		markUnknown(in, member)
	}
}

// hiddenMember is shown in place of a name that may itself be personal data.
const hiddenMember = "(a name that is not shown)"

// shownMember gives the name of a member as it may be shown in decisions, metrics
// and notes: not longer than a name is, and no personal data. It does not alias its
// argument.
func shownMember(name string) string {
	const longest = 40
	if name == "" || len(name) > longest || identity.Look(name) != identity.NotSuspect {
		return hiddenMember
	}
	digits := 0
	for _, c := range []byte(name) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '.', c == '$':
		default:
			return hiddenMember
		}
	}
	if digits > 4 { // an id, not a name
		return hiddenMember
	}
	return strings.Clone(name)
}

// consentMembers are the members that consent may have, in events and in records.
var consentMembers = []string{
	"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage",
	"gpc", "dnt", "tcf", "gpp", "captured_at", "gdpr_applies", "gpp_sid",
	"updated_at", "age_group", "source", "policy_version", "opt_out_overridden", "erased",
	"customer_id", "subject_id",
}

// consentSynonyms are names that other systems give to what consentMembers name,
// without case and separators.
var consentSynonyms = map[string]string{
	"tcstring": "tcf", "tcfstring": "tcf", "gdprconsent": "tcf", "euconsent": "tcf", "euconsentv2": "tcf", "iabtcftcstring": "tcf",
	"gppstring": "gpp", "iabgpphdrgppstring": "gpp", "usprivacy": "gpp", "usp": "gpp", "uspstring": "gpp", "iabusprivacystring": "gpp",
	"gppsections": "gpp_sid", "applicablesections": "gpp_sid", "iabgppgppsid": "gpp_sid",
	"globalprivacycontrol": "gpc", "secgpc": "gpc", "donottrack": "dnt", "gdpr": "gdpr_applies",
	"timestamp": "captured_at", "collectedat": "captured_at",
}

// nearConsentMember gives the member that was probably meant; "" where none is like
// it, or where it is the name itself: events and records differ in a few members.
// Case and separators do not matter.
func nearConsentMember(name string) string {
	near := likestConsentMember(name)
	if near == name {
		return ""
	}
	return near
}

func likestConsentMember(name string) string {
	folded := foldMember(name)
	for _, known := range consentMembers {
		if foldMember(known) == folded {
			return known
		}
	}
	if known, ok := consentSynonyms[folded]; ok {
		return known
	}
	if near := document.Nearest(name, consentMembers); near != "" {
		return near
	}
	return document.Nearest(folded, consentMembers)
}

func foldMember(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == '.' || r == ' ':
			return -1
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, name)
}
