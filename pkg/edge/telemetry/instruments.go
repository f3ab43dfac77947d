package telemetry

import (
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel/metric"
)

// Metrics are all instruments of a process. Names, units and labels are
// promises: dashboards and alerts use them. In Prometheus dots become
// underscores, units and "_total" are appended: sluice.decisions is
// sluice_decisions_total, sluice.delivery.latency is
// sluice_delivery_latency_seconds.
//
// Labels: stage, status and reason are those of diagnostics; provider and
// destination are resources; lane, class and outcome are closed sets.
type Metrics struct {
	meter metric.Meter

	decisions metric.Int64Counter

	inputRecords metric.Int64Counter
	inputBytes   metric.Int64Counter
	lostRecords  metric.Int64Counter
	oversized    metric.Int64Counter

	unknownMembers metric.Int64Counter
	memberNames    memberNames

	transactions       metric.Int64Counter
	transactionTime    metric.Float64Histogram
	transactionRecords metric.Int64Histogram

	roleRestarts metric.Int64Counter

	claims     metric.Int64Counter
	claimsLost metric.Int64Counter
	claimTime  metric.Float64Histogram

	attempts        metric.Int64Counter
	requests        metric.Int64Counter
	batchEvents     metric.Int64Histogram
	requestBytes    metric.Int64Counter
	deliveryLatency metric.Float64Histogram
	providerLatency metric.Float64Histogram
	providerCodes   metric.Int64Counter
	unmappedErrors  metric.Int64Counter
	moved           metric.Int64Counter
	verdictAsked    metric.Int64Counter

	gauges gauges

	// bound holds measurement options by what they are made of, so that the
	// set of labels is built once.
	bound sync.Map

	destinationsMu sync.RWMutex
	destinations   map[destinationKey]*Destination
}

// gauges are read when somebody looks; see Watch methods.
type gauges struct {
	oldest         metric.Float64ObservableGauge
	tableReady     metric.Int64ObservableGauge
	tableStaleness metric.Float64ObservableGauge
	tableEntries   metric.Int64ObservableGauge
	tableBytes     metric.Int64ObservableGauge
	destination    metric.Int64ObservableGauge
	parked         metric.Int64ObservableGauge
	parkedBytes    metric.Int64ObservableGauge
	inFlight       metric.Int64ObservableGauge
	windowBytes    metric.Int64ObservableGauge
	claimWindow    metric.Float64ObservableGauge
	claimsBehind   metric.Int64ObservableGauge
	quotaRequests  metric.Int64ObservableCounter
	quotaLimit     metric.Int64ObservableGauge
	alert          metric.Int64ObservableGauge
}

// Boundaries of histograms, in seconds. Latency from event to answer spans
// from a quick realtime delivery to one that waited for a provider; those of
// single operations stay below a minute.
var (
	deliveryBounds  = []float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, 604800}
	operationBounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	sizeBounds      = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
)

// NewMetrics declares every instrument.
func NewMetrics(meter metric.Meter) (*Metrics, error) {
	d := declarer{meter: meter}
	m := &Metrics{
		meter:        meter,
		destinations: map[destinationKey]*Destination{},
		decisions:    d.count("sluice.decisions", "{decision}", "Decisions by stage, status and reason; unmapped events under mapping.none."),

		inputRecords: d.count("sluice.input.records", "{record}", "Records read, by stage."),
		inputBytes:   d.count("sluice.input.bytes", "By", "Bytes of records read, by stage."),
		lostRecords:  d.count("sluice.input.lost", "{record}", "Records that were deleted from the input before they were read. Never ordinary: alert on any."),
		oversized:    d.count("sluice.input.oversized_batches", "{batch}", "Compressed batches of the input that unpack to too much and became dead letters. Never ordinary: alert on any."),

		unknownMembers: d.count("sluice.consent.unknown_members", "{member}", "Members inside consent that the contract does not have, which makes it malformed: by input (snapshot, record) and by name, of which there are at most 50 and (other)."),

		transactions:       d.count("sluice.transactions", "{transaction}", "Kafka transactions by loop and outcome: committed, aborted, or given_up before they began."),
		transactionTime:    d.seconds("sluice.transaction.duration", "Time from begin to end of a transaction.", operationBounds),
		transactionRecords: d.sizes("sluice.transaction.records", "{record}", "Input records per transaction."),

		roleRestarts: d.count("sluice.role.restarts", "{restart}", "Times that a role failed and was started again beside the others, by role. Never ordinary: alert on repeats, and look at the log."),

		claims:     d.count("sluice.claims", "{claim}", "Claims by outcome."),
		claimsLost: d.count("sluice.claims.lost", "{claim}", "Claims that a rebuild could not restore."),
		claimTime:  d.seconds("sluice.claims.duration", "Time of one pipelined round trip to Redis.", operationBounds),

		attempts:        d.count("sluice.delivery.attempts", "{event}", "Events handed to a provider, by destination and class of the answer."),
		requests:        d.count("sluice.delivery.requests", "{request}", "Requests to a provider, by destination and class of the answer."),
		batchEvents:     d.sizes("sluice.delivery.batch.events", "{event}", "Events per request, by destination and lane."),
		requestBytes:    d.count("sluice.delivery.bytes", "By", "Bytes of request bodies, by destination."),
		deliveryLatency: d.seconds("sluice.delivery.latency", "Time from the event's append to the input topic to the provider's acceptance, by destination and lane.", deliveryBounds),
		providerLatency: d.seconds("sluice.provider.latency", "Time that a provider takes to answer, by provider and class.", operationBounds),
		providerCodes:   d.count("sluice.provider.codes", "{answer}", "Answers that were not plain acceptances, by provider, code and class."),
		unmappedErrors:  d.count("sluice.provider.unmapped_errors", "{answer}", "Answers that the provider's table does not know. Something changed at the provider: look."),
		moved:           d.count("sluice.delivery.moved", "{event}", "Deliveries moved to a waiting place: retry_1m, retry_10m, retry_1h, parked, deadletter."),

		verdictAsked: d.count("sluice.verdict.requests", "{request}", "Accepted requests that a provider was asked about later, by outcome: settled, processing and failed (both are asked again), unknown (nobody will ever know)."),

		gauges: d.gauges(),
	}
	if err := errors.Join(d.errs...); err != nil {
		return nil, fmt.Errorf("declaring metrics: %w", err)
	}
	return m, nil
}

func (d *declarer) gauges() gauges {
	return gauges{
		oldest:         d.gaugeSeconds("sluice.oldest.age", "Age of the oldest unprocessed record, by stage and provider; at the sender since it was due, destinations that take nothing now aside. Zero when there is none. Scale by this, not by lag."),
		tableReady:     d.gauge("sluice.table.ready", "{table}", "1 when a table has been read to its end and is fresh."),
		tableStaleness: d.gaugeSeconds("sluice.table.staleness", "Time since a table last was known to be at the end of its topic."),
		tableEntries:   d.gauge("sluice.table.entries", "{entry}", "Entries of a table."),
		tableBytes:     d.gauge("sluice.table.size", "By", "Estimated memory of a table."),
		destination:    d.gauge("sluice.destination.state", "{destination}", "1 for the state that a destination is in at this sender: open, waiting, blocked."),
		parked:         d.gauge("sluice.destination.parked", "{event}", "Parked deliveries of a destination that its sender has read ahead; more may stand behind them in the topic."),
		parkedBytes:    d.gauge("sluice.destination.parked.size", "By", "Bytes of the parked deliveries that were read ahead."),
		inFlight:       d.gauge("sluice.destination.in_flight", "{request}", "Requests of a destination that wait for an answer."),
		windowBytes:    d.gauge("sluice.window.size", "By", "Bytes of unfinished deliveries that this process holds."),
		claimsBehind:   d.gauge("sluice.claims.replicas.behind", "{replica}", "Replicas of Redis that did not have the newest claims within 100 ms; a failover to one of them loses claims, which are then rebuilt."),
		claimWindow:    d.gaugeSeconds("sluice.claims.window", "Effective claim window: the age up to which Redis could hold claims without evicting them."),
		quotaRequests:  d.observedCount("sluice.quota.requests", "{request}", "Requests of this process that a provider counts against a project's quota. Compare the increase over a day, over all processes, with the limit."),
		alert:          d.gauge("sluice.alert", "{alert}", "1 where an alert of a destination fires, with its owner and runbook, judged from the diagnostics by the monitor role."),
		quotaLimit:     d.gauge("sluice.quota.limit", "{request}", "A provider's quota, by project and period."),
	}
}

// declarer makes instruments and collects what goes wrong.
type declarer struct {
	meter metric.Meter
	errs  []error
}

func (d *declarer) count(name, unit, description string) metric.Int64Counter {
	i, err := d.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	d.errs = append(d.errs, err)
	return i
}

func (d *declarer) seconds(name, description string, bounds []float64) metric.Float64Histogram {
	i, err := d.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	d.errs = append(d.errs, err)
	return i
}

func (d *declarer) sizes(name, unit, description string) metric.Int64Histogram {
	i, err := d.meter.Int64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(sizeBounds...))
	d.errs = append(d.errs, err)
	return i
}

func (d *declarer) gauge(name, unit, description string) metric.Int64ObservableGauge {
	i, err := d.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	d.errs = append(d.errs, err)
	return i
}

func (d *declarer) observedCount(name, unit, description string) metric.Int64ObservableCounter {
	i, err := d.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	d.errs = append(d.errs, err)
	return i
}

func (d *declarer) gaugeSeconds(name, description string) metric.Float64ObservableGauge {
	i, err := d.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	d.errs = append(d.errs, err)
	return i
}
