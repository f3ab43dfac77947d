package decision

// reasonRows is the one table behind Reason. docs/reasons.md is generated from
// it, so a sentence written here is what operators read.
var reasonRows = [reasonCount]Info{
	ReasonNone: {},

	EventUndecodable: {Code: "event.undecodable", Status: DeadLettered, Gate: "capture", Sentence: "The record is not an event: its bytes do not decode.", Fix: "Look at the original bytes in the dead-letter topic and mend the producer or its schema."},
	EventInvalid:     {Code: "event.invalid", Status: DeadLettered, Gate: "capture", Sentence: "The event lacks a required field or a field is outside its limits.", Fix: "Mend the field that the message names at the producer."},
	EventTooLarge:    {Code: "event.too_large", Status: DeadLettered, Gate: "capture", Sentence: "The event is larger than 1 MiB or than what the broker accepts.", Fix: "Make the producer send less; the dead letter holds size and hash, and the first 64 KiB where originals are not sealed."},
	EventSealed:      {Code: "event.sealed", Status: DeadLettered, Gate: "capture", Sentence: "The event is sealed, and the key that opens it is not here.", Fix: "Where the message names an installation key, put it back into erase.keys and replay the dead letters; a letter's own key that is gone stays gone: replay from the input topic."},

	MappingNone:      {Code: "mapping.none", Status: Skipped, Gate: "mapping", Sentence: "No mapping names this event, so it stays inside."},
	MappingDisabled:  {Code: "mapping.disabled", Status: Skipped, Gate: "mapping", Sentence: "The mapping that names this event is switched off.", Fix: "Set enabled: true in the mapping to send such events."},
	EventNotLive:     {Code: "event.not_live", Status: Skipped, Gate: "mapping", Sentence: "The event is test, internal or bot traffic, which the destination does not take."},
	MappingCondition: {Code: "mapping.condition", Status: Skipped, Gate: "mapping", Sentence: "The mapping's condition is false for this event."},
	MappingError:     {Code: "mapping.error", Status: Skipped, Gate: "mapping", Sentence: "The mapping's condition or a computed field could not be evaluated for this event.", Fix: "Guard absent fields with has() or orValue() in the expression that the message names."},

	DestinationInactive:         {Code: "destination.inactive", Status: Skipped, Gate: "destination", Sentence: "The destination is not active.", Fix: "Set active: true in the destination once its owner agrees."},
	DestinationInvalid:          {Code: "destination.invalid", Status: Skipped, Gate: "destination", Sentence: "The destination's record is invalid or refers to something that does not exist.", Fix: "Run sluice diff and mend what it reports."},
	DestinationNoCredentials:    {Code: "destination.no_credentials", Status: Skipped, Gate: "destination", Sentence: "The destination declares no secret.", Fix: "Set secret: to a file: or env: reference."},
	DestinationTermsNotAccepted: {Code: "destination.terms_not_accepted", Status: Skipped, Gate: "destination", Sentence: "Nobody has recorded that the provider's terms are accepted.", Fix: "Set terms.accepted_by and terms.accepted_at."},

	ConsentErased: {Code: "consent.erased", Status: Skipped, Gate: "choice", Sentence: "The subject asked for erasure and has given no explicit grant since."},
	ChoiceGPC:     {Code: "choice.gpc", Status: Skipped, Gate: "choice", Sentence: "Global Privacy Control is on and no later explicit grant overrides it."},
	ChoiceDNT:     {Code: "choice.dnt", Status: Skipped, Gate: "choice", Sentence: "Do Not Track is on and no later explicit grant overrides it."},
	ChoiceMinor:   {Code: "choice.minor", Status: Skipped, Gate: "choice", Sentence: "The subject is a known child or teen, whom the policy protects.", Fix: "Where the age comes from GPP and a consent tool fills that field for everybody, see minors.gpp of the policy."},

	ConsentMalformed:   {Code: "consent.malformed", Status: Skipped, Gate: "consent", Sentence: "A consent value cannot be read with certainty, which counts as denied.", Fix: "The message names the field and what is wrong with it, or the member that is not known. Mend it at the producer, the consent tool or the consent service; what was not asked is left out, never written as a placeholder."},
	ConsentDenied:      {Code: "consent.denied", Status: Skipped, Gate: "consent", Sentence: "A needed purpose was denied."},
	ConsentSensitive:   {Code: "consent.sensitive", Status: Skipped, Gate: "consent", Sentence: "Sensitive data needs all three advertising purposes granted explicitly, and never leaves where the policy blocks it."},
	ConsentExpired:     {Code: "consent.expired", Status: Skipped, Gate: "consent", Sentence: "The consent, or the TC string that it stands in, is older than the policy's consent lifetime.", Fix: "Ask again; the message says which of the two is old, and how old."},
	ConsentUnsupported: {Code: "consent.unsupported", Status: Skipped, Gate: "consent", Sentence: "A section of the GPP string may count here, and its id or version is one that Sluice does not read.", Fix: "Send consent.gpp_sid with the sections that are in force, or let the consent tool write a version that docs/gates.md lists."},
	ConsentUnknown:     {Code: "consent.unknown", Status: Skipped, Gate: "consent", Sentence: "A needed purpose was neither granted nor denied where the law asks for a grant."},

	IdentifiersNone:         {Code: "identifiers.none", Status: Skipped, Gate: "identifiers", Sentence: "No identifier remains that the provider, the destination and the consent allow."},
	IdentifiersInsufficient: {Code: "identifiers.insufficient", Status: Skipped, Gate: "identifiers", Sentence: "What remains is too little to match anybody without fingerprinting."},
	IdentifiersUnsafeID:     {Code: "identifiers.unsafe_id", Status: Skipped, Gate: "identifiers", Sentence: "The event id or transaction id looks like personal data.", Fix: "Send an opaque id; the decision shows the id hashed."},

	ProviderTooOld:               {Code: "provider.too_old", Status: Rejected, Gate: "age", Sentence: "The event is older than the provider accepts."},
	ProviderInFuture:             {Code: "provider.in_future", Status: Rejected, Gate: "age", Sentence: "The event's time lies in the future.", Fix: "Check the clock of the producer."},
	ProviderDedupWindowPassed:    {Code: "provider.dedup_window_passed", Status: Rejected, Gate: "age", Sentence: "A browser tag reports the same event and the provider's window for recognising the copy is over."},
	ProviderValueMissing:         {Code: "provider.value_missing", Status: Rejected, Gate: "preflight", Sentence: "The provider needs a value for this event.", Fix: "Send commerce.value or compute fields.value in the mapping."},
	ProviderCurrencyMissing:      {Code: "provider.currency_missing", Status: Rejected, Gate: "preflight", Sentence: "A value needs a currency.", Fix: "Send commerce.currency or set defaults.currency in the destination."},
	ProviderCurrencyInvalid:      {Code: "provider.currency_invalid", Status: Rejected, Gate: "preflight", Sentence: "The currency is not an ISO 4217 code.", Fix: "Send a three-letter currency code."},
	ProviderURLMissing:           {Code: "provider.url_missing", Status: Rejected, Gate: "preflight", Sentence: "A web event needs the URL of its page.", Fix: "Send page.url."},
	ProviderUserAgentMissing:     {Code: "provider.user_agent_missing", Status: Rejected, Gate: "preflight", Sentence: "A web event needs the browser's user agent.", Fix: "Send device.user_agent and keep user_agent in the destination's identifiers."},
	ProviderSourceMissing:        {Code: "provider.source_missing", Status: Rejected, Gate: "preflight", Sentence: "The provider must be told where the action happened.", Fix: "Send source, or page.url for web events."},
	ProviderActionMissing:        {Code: "provider.action_missing", Status: Rejected, Gate: "preflight", Sentence: "No conversion action is configured for this event.", Fix: "Set account.conversion_actions in the destination or google.conversion_action in the mapping."},
	ProviderTransactionIDMissing: {Code: "provider.transaction_id_missing", Status: Rejected, Gate: "preflight", Sentence: "An online conversion needs a transaction id.", Fix: "Send commerce.transaction_id or an explicit event_id."},
	ProviderAppDataMissing:       {Code: "provider.app_data_missing", Status: Rejected, Gate: "preflight", Sentence: "An app event needs the device fields that the provider asks for.", Fix: "Send device.platform, device.os_version, device.app_id and the tracking flags."},
	ProviderUnsupportedEvent:     {Code: "provider.unsupported_event", Status: Rejected, Gate: "preflight", Sentence: "The provider does not take this event in this form."},
	ProviderFieldInvalid:         {Code: "provider.field_invalid", Status: Rejected, Gate: "preflight", Sentence: "A field is outside what the provider accepts.", Fix: "Mend the field that the message names."},

	DuplicateEventID:     {Code: "duplicate.event_id", Status: Duplicate, Gate: "duplicate", Sentence: "Another record with this event id was routed to this target first."},
	DuplicateTransaction: {Code: "duplicate.transaction", Status: Duplicate, Gate: "duplicate", Sentence: "Another event of this transaction was routed to this target first."},
	DuplicateDelivered:   {Code: "duplicate.delivered", Status: Duplicate, Gate: "duplicate", Sentence: "The provider already has this event."},
	DuplicateSuperseded:  {Code: "duplicate.superseded", Status: Duplicate, Gate: "duplicate", Sentence: "Another copy of this delivery is in charge, or a newer version exists."},
	DuplicateUnknown:     {Code: "duplicate.unknown", Status: Skipped, Gate: "duplicate", Sentence: "The event's claim in Redis holds something that Sluice did not write, so nobody can tell whether the event was sent.", Fix: "Find out what else writes to this Redis; then `sluice claims rebuild --force` removes what is no claim, and a replay sends what was not sent."},

	Eligible: {Code: "eligible", Status: Queued, Gate: "eligible", Sentence: "Every gate passed."},

	ReasonDelivered:        {Code: "delivered", Status: Delivered, Gate: "sender", Sentence: "The provider accepted the event."},
	ConsentRevoked:         {Code: "consent.revoked", Status: Revoked, Gate: "sender", Sentence: "Consent that the delivery relied on is gone, so it was not sent."},
	DestinationPaused:      {Code: "destination.paused", Status: Parked, Gate: "sender", Sentence: "The destination's owner paused it; deliveries wait."},
	DestinationChanged:     {Code: "destination.changed", Status: Revoked, Gate: "sender", Sentence: "The destination is no longer the one that the delivery was built for (another account, shadow mode, or marked sensitive), so it was not sent."},
	CredentialsMissing:     {Code: "credentials.missing", Status: Parked, Gate: "sender", Sentence: "The destination's secret cannot be read; deliveries wait.", Fix: "Put the secret where the reference points, inside the sender's secrets directory."},
	CredentialsInvalid:     {Code: "credentials.invalid", Status: Parked, Gate: "sender", Sentence: "The provider refuses the credentials; deliveries wait.", Fix: "Issue a new token and replace the secret file; delivery resumes by itself."},
	ProviderThrottled:      {Code: "provider.throttled", Status: Retrying, Gate: "sender", Sentence: "The provider asked to wait."},
	ProviderUnavailable:    {Code: "provider.unavailable", Status: Retrying, Gate: "sender", Sentence: "The provider could not be reached or failed."},
	ProviderRejected:       {Code: "provider.rejected", Status: DeadLettered, Gate: "sender", Sentence: "The provider refused this event.", Fix: "Mend what the provider's message names at the producer or in the mapping, then replay the events."},
	ProviderMisconfigured:  {Code: "provider.misconfigured", Status: Parked, Gate: "sender", Sentence: "The provider refuses the destination's configuration; deliveries wait.", Fix: "Do what the provider's message says; delivery resumes by itself."},
	ProviderOutcomeUnknown: {Code: "provider.outcome_unknown", Status: DeadLettered, Gate: "sender", Sentence: "Nobody knows whether the provider has the event, and it would count a second copy.", Fix: "Look for the event at the provider; sluice dlq retry sends it again."},
	SourceLost:             {Code: "source.lost", Status: StatusNone, Gate: "router", Sentence: "Records of the input topic were deleted before they were read.", Fix: "Lengthen the input topic's retention or add router capacity."},
	SourceRecreated:        {Code: "source.recreated", Status: StatusNone, Gate: "router", Sentence: "The input topic was deleted and created again; it is read from its beginning."},

	VerdictConfirmed:     {Code: "verdict.confirmed", Status: Confirmed, Gate: "verdict", Sentence: "The provider processed the event."},
	VerdictRefused:       {Code: "verdict.refused", Status: Refused, Gate: "verdict", Sentence: "The provider had accepted the batch and refused records of it later."},
	VerdictConsentDenied: {Code: "verdict.consent_denied", Status: Refused, Gate: "verdict", Sentence: "The provider did not use the event because consent is denied, as announced."},
	VerdictUnmatched:     {Code: "verdict.unmatched", Status: Confirmed, Gate: "verdict", Sentence: "The provider matched the event to nobody, which is normal for other traffic."},
}
