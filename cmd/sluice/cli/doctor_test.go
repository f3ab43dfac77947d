package cli_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

type finding struct{ Area, Level, Detail, Fix string }

type findings struct {
	OK       bool
	Problems int
	Findings []finding
}

// examined runs doctor and reads what it found.
func examined(t *testing.T, got result) findings {
	t.Helper()
	var f findings
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &f), got.stdout+got.stderr)
	for _, finding := range f.Findings {
		if finding.Level == "problem" || finding.Level == "warning" {
			require.NotEmpty(t, finding.Fix, "%+v", finding)
		}
	}
	require.Equal(t, f.OK, got.code == 0)
	if !f.OK {
		require.Equal(t, 3, got.code)
	}
	return f
}

func (f *findings) has(t *testing.T, level, area, detail string) {
	t.Helper()
	for _, finding := range f.Findings {
		if finding.Level == level && finding.Area == area && strings.Contains(finding.Detail, detail) {
			return
		}
	}
	require.Fail(t, "not found", "%s in %s: %s\n%+v", level, area, detail, f.Findings)
}

// TestDoctor: an installation at work has no problem, and looking at it changes
// nothing.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	p.emit("acme", "1-", 2)
	p.await(2, "--status", "delivered")
	f := examined(t, p.command("doctor", "--output", "json"))
	require.True(t, f.OK, "%+v", f.Findings)
	f.has(t, "ok", "claims", "complete")
	f.has(t, "ok", "router", "0 events")
	f.has(t, "ok", "destination acme-meta", "live")
	f.has(t, "ok", "privacy.key", "key id")
	f.has(t, "ok", "erase.keys", `key "k1" seals`)
	f.has(t, "warning", "provider meta", "not to the provider")
	require.Len(t, p.records("sluice.diagnostics"), 4, "nothing was sent or decided")

	text := p.do("doctor", "--all")
	require.Contains(t, text, "0 problems")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(line), 120, line)
	}

	// A secret that is gone, and a token that the provider refuses.
	require.NoError(t, p.sandbox.Script(sandbox.Rule{Provider: "meta", Do: sandbox.BadToken}))
	p.emit("acme", "2-", 1)
	p.await(1, "--reason", "credentials.invalid", "--status", "parked")
	p.until("the sender to say so", func() bool { return p.command("doctor").code == 3 })
	f = examined(t, p.command("doctor", "--output", "json"))
	f.has(t, "problem", "destination acme-meta", "blocked as credentials.invalid")
	same := 0
	for _, finding := range f.Findings {
		if finding.Area == "destination acme-meta" && finding.Level == "problem" {
			same++
		}
	}
	require.Equal(t, 1, same, "doctor and the senders name one cause: %+v", f.Findings)
}

// TestDoctorOfANewInstallation, in the order that the README gives: nothing was
// decided, so an empty Redis has lost nothing; nothing was to be sent, so
// senders have nothing to say. Once something was decided, an empty Redis has.
func TestDoctorOfANewInstallation(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	f := examined(t, p.command("doctor", "--output", "json"))
	require.True(t, f.OK, "%+v", f.Findings)
	f.has(t, "ok", "claims", "a new installation")
	f.has(t, "warning", "senders", "no sender has said anything")

	p.start()
	p.until("senders to be seen", func() bool {
		f = examined(t, p.command("doctor", "--output", "json"))
		return slices.ContainsFunc(f.Findings, func(one finding) bool { return one.Area == "senders" && one.Level == "ok" })
	})
	f.has(t, "ok", "senders", "none had a delivery to report on")

	s := ready(t)
	s.publish(t, someDecisions()[0])
	f = examined(t, s.run("doctor", "--output", "json"))
	f.has(t, "problem", "claims", "empty")
}

// TestDoctorSaysWhatIsWrong with each service, however the others are.
func TestDoctorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	nobody := closedPort(t)
	bare := newStage(t)
	f := examined(t, bare.run("doctor", "--output", "json"))
	f.has(t, "problem", "topics", "missing: ")
	f.has(t, "problem", "claims", "empty")
	f.has(t, "warning", "registry", "schemas are missing")
	f.has(t, "warning", "privacy.key", "none is set")
	f.has(t, "warning", "erase.keys", "in clear")
	for text, want := range map[string][2]string{
		`{keys: {k1: "file:` + bare.file("k1", strings.Repeat("k", 32)) + `"}}`:                                         {"warning", "none seals"},
		`{keys: {k1: "file:` + bare.file("short", "short") + `"}, key_id: k1}`:                                          {"problem", "k1 has 5 bytes"},
		`{keys: {k1: "file:` + bare.file("k1", strings.Repeat("k", 32)) + `", k0: "file:/does/not/exist"}, key_id: k1}`: {"problem", "k0 cannot be read"},
	} {
		keys := examined(t, bare.run("doctor", "--output", "json", "--config", bare.file("erase.yaml", "erase: "+text+"\n")))
		keys.has(t, want[0], "erase.keys", want[1])
	}

	down := examined(t, run(t, "doctor", "--output", "json", "--brokers", nobody, "--registry", "http://"+nobody, "--redis", nobody))
	down.has(t, "problem", "kafka", "Kafka does not answer")
	down.has(t, "problem", "registry", "does not answer")
	down.has(t, "problem", "redis", "does not answer")

	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer client.Close()
	var records []*kgo.Record
	for i := range 12 {
		records = append(records, &kgo.Record{Topic: s.services.Name("sluice.consent"), Partition: int32(i % 3), Key: []byte("acme:s-" + string(rune('a'+i))), Value: []byte("x")})
	}
	require.NoError(t, client.ProduceSync(t.Context(), records...).FirstErr())
	f = examined(t, s.run("doctor", "--output", "json"))
	f.has(t, "problem", "destination acme-meta", "its secret cannot be read")
	f.has(t, "warning", "consent", "in another partition than their key says")
	f.has(t, "warning", "senders", "no sender has said anything")
	f.has(t, "warning", "router", "has never committed")
}
