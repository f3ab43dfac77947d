package codec

import "github.com/sluicehq/sluice/pkg/core/consent"

// Consent is read by hand: what cannot be read must reach the gate.

// ageField is consent like the rest, though it stands at the top.
func ageField(c *coder, in *consent.Input) {
	c.json.lenient = true
	c.given("age_group", &in.AgeGroup)
	c.json.lenient = false
	c.markMalformed(in)
}

func snapshotFields(c *coder, in *consent.Input) {
	content := *in
	content.AgeGroup = consent.Field{}
	c.json.lenient = true
	if c.optRecord("consent", isMalformed(in) || content != consent.Input{}) {
		consentFields(c, in)
		markUnknown(in, c.unknownMember())
		c.end()
	}
	c.json.lenient = false
	c.markMalformed(in)
}

func consentFields(c *coder, in *consent.Input) {
	purposeFields(c, in)
	signalFields(c, in)
	if c.optional("captured_at", in.CapturedAt != 0) {
		consentTime(c, "captured_at", &in.CapturedAt, in)
	}
	scopeFields(c, in)
}

// scopeFields say which strings and sections are in force.
func scopeFields(c *coder, in *consent.Input) {
	c.tri("gdpr_applies", &in.GDPRApplies)
	sectionIDs(c, "gpp_sid", &in.GPPSID)
}

// sectionIDs is a nullable list of ids; empty and null are the same. In JSON it may
// also be a text such as 7_8, as browsers keep it.
func sectionIDs(c *coder, name string, p *consent.SectionIDs) {
	if present := p.Len() > 0; c.none(present) || !c.optional(name, present) {
		return
	}
	if c.mode == parsing && c.buf[c.pos] == '"' {
		var text string
		c.parseString(name, &text)
		p.AddText(text)
		return
	}
	label := name
	if c.mode == printing {
		label = "" // within a list
	}
	for l := c.array(name, p.Len()); c.next(&l); {
		var id int64
		if !c.in() {
			id = p.At(l.i)
		}
		c.long(label, &id)
		if c.in() {
			p.Add(id)
		}
	}
}

// purposeFields are the four purposes, in events and in consent records.
func purposeFields(c *coder, in *consent.Input) {
	storage := in.AdStorage
	if isMalformed(in) && !c.in() {
		storage = consent.Text(malformedWord(in))
	}
	c.given("ad_storage", &storage)
	if c.in() {
		in.AdStorage = storage
		readMalformedWord(in)
	}
	c.given("ad_user_data", &in.AdUserData)
	c.given("ad_personalization", &in.AdPersonalization)
	c.given("analytics_storage", &in.AnalyticsStorage)
}

// signalFields are the browser signals and the IAB strings.
func signalFields(c *coder, in *consent.Input) {
	c.tri("gpc", &in.GPC)
	c.tri("dnt", &in.DNT)
	c.given("tcf", &in.TCF)
	c.given("gpp", &in.GPP)
}

// consentTime is a time inside a consent statement: an impossible one makes
// the statement malformed, not the record invalid.
func consentTime(c *coder, name string, ms *int64, in *consent.Input) {
	if c.mode != reading {
		c.time(name, ms)
		return
	}
	v := c.readLong(name)
	if c.fault != "" {
		return
	}
	if timeFault(v) != "" {
		markWrongType(in, name)
		return
	}
	*ms = v
}
