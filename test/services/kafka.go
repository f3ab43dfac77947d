package services

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Memory of one broker. Measured resident: 320 to 370 MB.
var brokerJava = []string{"-Xms96m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true"}

// logging makes brokers write what they do, which they do not by themselves.
const logging = `status = error
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
`

// broker is one member of the cluster that is to be started.
type broker struct {
	id                        int
	plain, controller, secure string // host:port
	dir                       string
}

// prepareKafka writes the brokers' configurations, formats their storage and
// enters them.
func (s *Set) prepareKafka(ctx context.Context, cfg Config, t tools) error {
	if cfg.Brokers == 0 {
		return nil
	}
	ports, err := s.freePorts(ctx, 3*cfg.Brokers)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "log4j2.properties"), []byte(logging), 0o600); err != nil {
		return fmt.Errorf("preparing Kafka: %w", err)
	}
	var brokers []broker
	for i := range cfg.Brokers {
		b := broker{id: i + 1, plain: ports[3*i], controller: ports[3*i+1], secure: ports[3*i+2]}
		b.dir = filepath.Join(s.Dir(), fmt.Sprintf("kafka-%d", b.id))
		brokers = append(brokers, b)
		s.state.Addresses.Kafka = append(s.state.Addresses.Kafka, b.plain)
	}
	if cfg.Secure {
		if err := s.prepareSecurity(brokers); err != nil {
			return err
		}
	}
	cluster := make([]byte, 16)
	if _, err := rand.Read(cluster); err != nil {
		return fmt.Errorf("preparing Kafka: %w", err)
	}
	cluster[0] &= 0x7f // an id that begins with "-" would be read as an option
	fmt.Fprintln(cfg.Out, "formatting the brokers' storage")
	var wait sync.WaitGroup
	failed := make([]error, len(brokers))
	for i, b := range brokers {
		wait.Go(func() {
			if failed[i] = os.WriteFile(b.file(s), []byte(s.properties(cfg, b, brokers)), 0o600); failed[i] != nil {
				return
			}
			failed[i] = run(ctx, s.Dir(), t.java, "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", filepath.Join(t.kafka, "*"),
				"kafka.tools.StorageTool", "format", "-t", base64.RawURLEncoding.EncodeToString(cluster), "-c", b.file(s))
		})
		command := slices.Concat([]string{t.java}, brokerJava, []string{
			"-Dlog4j2.configurationFile=" + filepath.Join(s.Dir(), "log4j2.properties"),
			"-cp", filepath.Join(t.kafka, "*"), "kafka.Kafka", b.file(s),
		})
		s.add(spec{Name: fmt.Sprintf("kafka-%d", b.id), Kind: kafkaKind, Command: command, Dir: s.Dir(), Address: b.plain})
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("preparing Kafka: %w", err)
	}
	return nil
}

func (b broker) file(s *Set) string {
	return filepath.Join(s.Dir(), fmt.Sprintf("kafka-%d.properties", b.id))
}

// properties are a broker's. Timings are those of production except where a
// test would wait for nothing.
func (s *Set) properties(cfg Config, b broker, brokers []broker) string {
	var voters []string
	for _, v := range brokers {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, v.controller))
	}
	internal, insync := 1, 1
	if len(brokers) >= 3 {
		internal, insync = 3, 2
	}
	p := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        fmt.Sprint(b.id),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     "PLAINTEXT",
		"listeners":                      "PLAINTEXT://" + b.plain + ",CONTROLLER://" + b.controller,
		"advertised.listeners":           "PLAINTEXT://" + b.plain,
		"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
		"log.dirs":                       b.dir,
		"auto.create.topics.enable":      "false",
		"default.replication.factor":     fmt.Sprint(internal),

		"offsets.topic.replication.factor":                 fmt.Sprint(internal),
		"transaction.state.log.replication.factor":         fmt.Sprint(internal),
		"transaction.state.log.min.isr":                    fmt.Sprint(insync),
		"share.coordinator.state.topic.replication.factor": fmt.Sprint(internal),
		"share.coordinator.state.topic.min.isr":            fmt.Sprint(insync),
		// Fewer files and a quicker start than the default 50.
		"offsets.topic.num.partitions":         "8",
		"transaction.state.log.num.partitions": "8",
		// Members of a test start together.
		"group.initial.rebalance.delay.ms": "0",
		// Tests end sessions within their patience; the default is 6 s.
		"group.min.session.timeout.ms": "500",
		// Data of deleted topics is gone soon: tests make and delete many.
		"file.delete.delay.ms": "1000",
		// An index is allocated in advance per partition; the default is 10 MiB.
		"log.index.size.max.bytes": "1048576",
	}
	if cfg.Secure {
		maps.Copy(p, s.securityProperties(b))
	}
	maps.Copy(p, cfg.KafkaProperties)
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&text, "%s=%s\n", key, p[key])
	}
	return text.String()
}
