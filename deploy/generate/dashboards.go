package main

// dashboards are all that ship. Every query is over metrics that docs/metrics.md
// lists; a test asks a running pipeline for them.
func dashboards() []dashboard {
	return []dashboard{pipelineBoard(), destinationBoard(), consentBoard()}
}

func namespaces() variable {
	return variable{"namespace", "Namespace", `label_values(sluice_table_ready, namespace)`}
}

// here restricts a query to what was chosen; an installation without
// namespaces (compose) has the empty one, which .* matches.
const here = `namespace=~"$namespace"`

// Longer than 60 lines because it is a list, read from top to bottom.
func pipelineBoard() dashboard {
	return dashboard{
		UID: "sluice-pipeline", Title: "Sluice / Pipeline", Description: "Is the pipeline keeping up, and can it be relied on?",
		Variables: []variable{namespaces()},
		Rows: []section{
			{"Is it keeping up?", []panel{
				{Title: "Oldest undecided event", Why: "Age of the oldest event in hand at a router. Grows while routers are too few, or wait for tables, Redis or the registry.", Kind: "stat", Unit: "s", Width: 6, Bad: 120,
					Targets: []target{{`max(max_over_time(sluice_oldest_age_seconds{` + here + `,stage="router"}[1m]))`, "router"}}},
				{Title: "Oldest delivery that could be sent", Why: "Without what waits for a blocked destination. Senders scale on it.", Kind: "stat", Unit: "s", Width: 6, Bad: 600,
					Targets: []target{{`max by (provider) (max_over_time(sluice_oldest_age_seconds{` + here + `,stage="sender"}[1m]))`, "{{provider}}"}}},
				{Title: "Oldest parked delivery", Why: "Waits for its destination to become healthy; refused after seven days. More senders do not help.", Kind: "stat", Unit: "s", Width: 6, Bad: 86400,
					Targets: []target{{`max by (provider) (sluice_oldest_age_seconds{` + here + `,stage="parked"})`, "{{provider}}"}}},
				{Title: "Never ordinary", Why: "Records that retention deleted before they were read, and compressed batches that unpack to too much and became dead letters.", Kind: "stat", Unit: "short", Width: 6, Bad: 1,
					Targets: []target{
						{`sum(increase(sluice_input_lost_total{` + here + `}[$__range])) or vector(0)`, "lost"},
						{`sum(increase(sluice_input_oversized_batches_total{` + here + `}[$__range])) or vector(0)`, "oversized batches"},
					}},
			}},
			{"What happens to events", []panel{
				{Title: "Events read", Why: "By stage: router reads the input, hold reads what waited for consent.", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (stage) (rate(sluice_input_records_total{` + here + `}[$__rate_interval]))`, "{{stage}}"}}},
				{Title: "Decisions by status", Why: "A change of the mix without a change of traffic is worth a look.", Kind: "timeseries", Unit: "reqps", Stack: true,
					Targets: []target{{`sum by (status) (rate(sluice_decisions_total{` + here + `}[$__rate_interval]))`, "{{status}}"}}},
				{Title: "Reasons", Why: "docs/reasons.md says what to do about each.", Kind: "table", Unit: "short",
					Targets: []target{{`sort_desc(sum by (stage, status, reason) (increase(sluice_decisions_total{` + here + `}[$__range])))`, ""}}},
				{Title: "From append to acceptance", Why: "The whole way of a delivered event, by lane: half and the slowest hundredth.", Kind: "timeseries", Unit: "s",
					Targets: []target{
						{`histogram_quantile(0.5, sum by (le, lane) (rate(sluice_delivery_latency_seconds_bucket{` + here + `}[$__rate_interval])))`, "{{lane}} p50"},
						{`histogram_quantile(0.99, sum by (le, lane) (rate(sluice_delivery_latency_seconds_bucket{` + here + `}[$__rate_interval])))`, "{{lane}} p99"},
					}},
			}},
			{"Can it be relied on?", []panel{
				{Title: "Staleness of tables", Why: "Beyond 3 s nothing is decided or sent: consent could be outdated.", Kind: "timeseries", Unit: "s",
					Targets: []target{{`max by (table) (sluice_table_staleness_seconds{` + here + `})`, "{{table}}"}}},
				{Title: "Transactions", Why: "given_up: tables, Redis or the registry were not to be relied on; the batch is read again.", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (loop, outcome) (rate(sluice_transactions_total{` + here + `}[$__rate_interval]))`, "{{loop}} {{outcome}}"}}},
				{Title: "Time of a transaction", Why: "Begin to end; grows with slow brokers.", Kind: "timeseries", Unit: "s",
					Targets: []target{{`histogram_quantile(0.99, sum by (le, loop) (rate(sluice_transaction_duration_seconds_bucket{` + here + `}[$__rate_interval])))`, "{{loop}} p99"}}},
				{Title: "Input records per transaction", Why: "Close to router.batch.records: routers have a backlog.", Kind: "timeseries", Unit: "short",
					Targets: []target{{`histogram_quantile(0.5, sum by (le, loop) (rate(sluice_transaction_records_bucket{` + here + `}[$__rate_interval])))`, "{{loop}} p50"}}},
				{Title: "Claims", Why: "By outcome; duplicates are events that were handed over before.", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (outcome) (rate(sluice_claims_total{` + here + `}[$__rate_interval]))`, "{{outcome}}"}}},
				{Title: "Round trip to Redis", Why: "One pipeline per batch; redis.timeout (1 s) ends it.", Kind: "timeseries", Unit: "s",
					Targets: []target{{`histogram_quantile(0.99, sum by (le) (rate(sluice_claims_duration_seconds_bucket{` + here + `}[$__rate_interval])))`, "p99"}}},
			}},
			{"Memory", []panel{
				{Title: "Tables", Why: "Consent grows with subjects; every process holds all of it.", Kind: "timeseries", Unit: "bytes",
					Targets: []target{{`max by (table) (sluice_table_size_bytes{` + here + `})`, "{{table}}"}}},
				{Title: "Resident memory, and deliveries in hand", Why: "Limits of pods should stand well above; deliveries in hand are bounded by sender.window.", Kind: "timeseries", Unit: "bytes",
					Targets: []target{
						{`max by (pod) (process_resident_memory_bytes{` + here + `} * on (namespace, pod, instance) group_left () max by (namespace, pod, instance) (sluice_table_ready{table="consent"} >= 0) )`, "{{pod}}"},
						{`sum(sluice_window_size_bytes{` + here + `})`, "in hand"},
					}},
			}},
		},
	}
}

// Longer than 60 lines because it is a list, read from top to bottom.
func destinationBoard() dashboard {
	const chosen = here + `,provider=~"$provider",destination=~"$destination"`
	return dashboard{
		UID: "sluice-destination", Title: "Sluice / Destination", Description: "Does a destination get what it should, and what does its provider say?",
		Variables: []variable{namespaces(),
			{"provider", "Provider", `label_values(sluice_destination_state, provider)`},
			{"destination", "Destination", `label_values(sluice_destination_state{provider=~"$provider"}, destination)`}},
		Rows: []section{
			{"State", []panel{
				{Title: "What needs a person", Why: "Alerts that the monitor judges from the diagnostics, with the destination's owner and runbook. `sluice health NAME` gives the reason.", None: "No alert is on, where the monitor runs", Kind: "table", Unit: "short", Width: 24,
					Targets: []target{{`max by (alert, destination, customer, owner, runbook) (sluice_alert{` + chosen + `} == 1)`, ""}}},
				{Title: "Blocked or waiting", Why: "blocked: the provider refuses credentials or configuration, or nearly every event; deliveries are parked. waiting: a pause after an error or a throttle.", None: "Every destination is open", Kind: "table", Unit: "short",
					Targets: []target{{`max by (provider, destination, state) (sluice_destination_state{` + chosen + `,state!="open"} == 1)`, ""}}},
				{Title: "Parked deliveries", Why: "They are sent when the destination is healthy, at the latest refused after seven days.", Kind: "timeseries", Unit: "short",
					Targets: []target{{`sum by (destination) (sluice_destination_parked{` + chosen + `})`, "{{destination}}"}}},
			}},
			{"Deliveries", []panel{
				{Title: "Events by class of the answer", Why: "accepted is good; everything else stands under provider codes below.", Kind: "timeseries", Unit: "reqps", Stack: true,
					Targets: []target{{`sum by (class) (rate(sluice_delivery_attempts_total{` + chosen + `}[$__rate_interval]))`, "{{class}}"}}},
				{Title: "Share of events accepted", Why: "Of events in requests. A fall is an outage or a change at the provider, or at your producer.", Kind: "timeseries", Unit: "percentunit",
					Targets: []target{{`sum by (destination) (rate(sluice_delivery_attempts_total{` + chosen + `,class="accepted"}[$__rate_interval])) / sum by (destination) (rate(sluice_delivery_attempts_total{` + chosen + `}[$__rate_interval]))`, "{{destination}}"}}},
				{Title: "From append to acceptance", Why: "The slowest twentieth, by lane.", Kind: "timeseries", Unit: "s",
					Targets: []target{{`histogram_quantile(0.95, sum by (le, destination, lane) (rate(sluice_delivery_latency_seconds_bucket{` + chosen + `}[$__rate_interval])))`, "{{destination}} {{lane}}"}}},
				{Title: "Moved to a waiting place", Why: "retry: the event failed alone. parked: the destination is blocked. deadletter: given up, ready to be retried by a person.", None: "Every event went at the first try", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (destination, place) (rate(sluice_delivery_moved_total{` + chosen + `}[$__rate_interval]))`, "{{destination}} {{place}}"}}},
			}},
			{"Requests", []panel{
				{Title: "Requests by class", Why: "Several events share a request.", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (destination, class) (rate(sluice_delivery_requests_total{` + chosen + `}[$__rate_interval]))`, "{{destination}} {{class}}"}}},
				{Title: "Events per request", Why: "Half of the requests hold fewer.", Kind: "timeseries", Unit: "short",
					Targets: []target{{`histogram_quantile(0.5, sum by (le, destination, lane) (rate(sluice_delivery_batch_events_bucket{` + chosen + `}[$__rate_interval])))`, "{{destination}} {{lane}}"}}},
				{Title: "Bytes sent", Why: "Bodies of requests, uncompressed.", Kind: "timeseries", Unit: "Bps",
					Targets: []target{{`sum by (destination) (rate(sluice_delivery_bytes_total{` + chosen + `}[$__rate_interval]))`, "{{destination}}"}}},
				{Title: "Requests in flight", Why: "At sender.in_flight for long: the provider is slow.", Kind: "timeseries", Unit: "short",
					Targets: []target{{`sum by (destination) (sluice_destination_in_flight{` + chosen + `})`, "{{destination}}"}}},
			}},
			{"What the provider says", []panel{
				{Title: "Time to answer", Why: "By class; the slowest twentieth.", Kind: "timeseries", Unit: "s",
					Targets: []target{{`histogram_quantile(0.95, sum by (le, provider, class) (rate(sluice_provider_latency_seconds_bucket{` + here + `,provider=~"$provider"}[$__rate_interval])))`, "{{provider}} {{class}}"}}},
				{Title: "Codes", Why: "docs/providers has the table of each. unmapped: something changed at the provider.", None: "No provider refused anything", Kind: "table", Unit: "short",
					Targets: []target{{`sort_desc(sum by (provider, code, subcode, class) (increase(sluice_provider_codes_total{` + here + `,provider=~"$provider"}[$__range])))`, ""}}},
				{Title: "Answers that no table knows", Why: "Look at the provider's announcements, then report it.", Kind: "timeseries", Unit: "short",
					Targets: []target{{`sum by (provider, destination) (increase(sluice_provider_unmapped_errors_total{` + chosen + `}[$__rate_interval]))`, "{{destination}}"}}},
				{Title: "Verdicts asked for", Why: "Google says later what became of a request: settled, processing, failed, unknown.", None: "No request has a later verdict yet; only Google gives one", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum by (provider, outcome) (rate(sluice_verdict_requests_total{` + here + `,provider=~"$provider"}[$__rate_interval]))`, "{{provider}} {{outcome}}"}}},
			}},
		},
	}
}

func consentBoard() dashboard {
	const refused = `reason=~"consent.*|choice.*"`
	return dashboard{
		UID: "sluice-consent", Title: "Sluice / Consent", Description: "What is kept back for the sake of people's choices, and is the table of choices fresh?",
		Variables: []variable{namespaces()},
		Rows: []section{
			{"The table", []panel{
				{Title: "Consent table ready", Why: "Processes whose table is read to its end and fresh. Where it is not, nothing is decided.", Kind: "stat", Unit: "percentunit", Width: 8,
					Targets: []target{{`avg(sluice_table_ready{` + here + `,table="consent"})`, "ready"}}},
				{Title: "Staleness", Why: "Time since a process last knew that it was at the end of the topic. Views are refused beyond 3 s.", Kind: "timeseries", Unit: "s", Width: 8,
					Targets: []target{{`max by (pod) (sluice_table_staleness_seconds{` + here + `,table="consent"})`, "{{pod}}"}}},
				{Title: "Subjects with a record", Why: "Falls only after a purge or when the topic was lost.", Kind: "timeseries", Unit: "short", Width: 8,
					Targets: []target{{`max(sluice_table_entries{` + here + `,table="consent"})`, "subjects"}}},
			}},
			{"What is kept back", []panel{
				{Title: "Refused for consent or choice", Why: "Per second, by reason. A jump may be a banner that changed, or a producer that writes consent in another form.", Kind: "timeseries", Unit: "reqps", Stack: true,
					Targets: []target{{`sum by (reason) (rate(sluice_decisions_total{` + here + `,` + refused + `}[$__rate_interval]))`, "{{reason}}"}}},
				{Title: "Share of mapped events refused for consent or choice", Why: "Of all router decisions about events that somebody wants.", Kind: "timeseries", Unit: "percentunit",
					Targets: []target{{`sum(rate(sluice_decisions_total{` + here + `,stage="router",` + refused + `}[$__rate_interval])) / sum(rate(sluice_decisions_total{` + here + `,stage="router",reason!="mapping.none"}[$__rate_interval]))`, "refused"}}},
				{Title: "Cannot be read with certainty", Why: "Counts as denied. Mend the producer.", None: "Every event's consent could be read", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum(rate(sluice_decisions_total{` + here + `,reason="consent.malformed"}[$__rate_interval]))`, "malformed"}}},
				{Title: "Revoked before sending", Why: "Consent was gone between decision and request; the delivery was not sent.", None: "No consent was withdrawn between decision and request", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum(rate(sluice_decisions_total{` + here + `,status="revoked"}[$__rate_interval]))`, "revoked"}}},
			}},
			{"Waiting for consent", []panel{
				{Title: "Held", Why: "Events that wait for consent, where a policy says so.", None: "No event waits: no policy says hold, or none met it", Kind: "timeseries", Unit: "reqps",
					Targets: []target{{`sum(rate(sluice_decisions_total{` + here + `,status="held"}[$__rate_interval]))`, "held"}}},
				{Title: "What became of held events", Why: "Decisions after the wait.", None: "No event was held, or none's wait is over", Kind: "timeseries", Unit: "reqps", Stack: true,
					Targets: []target{{`sum by (status, reason) (rate(sluice_decisions_total{` + here + `,stage="hold"}[$__rate_interval]))`, "{{status}} {{reason}}"}}},
			}},
		},
	}
}
