package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// The versions that are fetched. They are part of the cache's paths, so that a
// change of one fetches it again.
const (
	KafkaVersion    = "4.3.0"
	ApicurioVersion = "3.0.9"
	// mavenPlugin copies jars. Later versions, and `dependency:get` of this one, want
	// the parent POM of Apicurio too, which is not published.
	mavenPlugin = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
)

// MissingError says which programs have to be installed first.
type MissingError struct{ Programs []string }

// Error implements error.
func (e *MissingError) Error() string {
	return "not installed: " + strings.Join(e.Programs, ", ") +
		". Install them (Debian: apt-get install openjdk-17-jre-headless maven redis-server), or name your own services in " +
		EnvKafka + ", " + EnvRegistry + " and " + EnvRedis
}

// tools are the programs that services are started with.
type tools struct {
	java     string
	kafka    string // folder of jars
	registry string // the jar
	redis    string
	redisEnv []string
}

// Missing says which programs a set would need and does not find; nil: it can
// be started here.
func Missing(cfg Config) error {
	var missing []string
	if cfg.Brokers > 0 || cfg.Registry {
		for program, what := range map[string]string{"java": "Java 17 or later (java)", "mvn": "Maven (mvn)"} {
			if _, err := exec.LookPath(program); err != nil {
				missing = append(missing, what)
			}
		}
	}
	if cfg.Redis || cfg.Sentinel {
		_, server := exec.LookPath("redis-server")
		_, apt := exec.LookPath("apt-get")
		if server != nil && apt != nil {
			missing = append(missing, "Redis 7 or later (redis-server)")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return &MissingError{Programs: missing}
}

// Fetched are the folders of what Fetch downloaded; empty: not asked for.
type Fetched struct {
	Kafka    string // jars
	Registry string // Apicurio's jars, of which *-runner.jar is started
}

// Fetch downloads what the cache does not hold and starts nothing. Errors: a
// *MissingError, and what the package registries' clients said.
func Fetch(ctx context.Context, cfg Config) (Fetched, error) {
	if err := cfg.complete(); err != nil {
		return Fetched{}, fmt.Errorf("fetching services: %w", err)
	}
	t, err := fetch(ctx, cfg)
	if err != nil {
		return Fetched{}, fmt.Errorf("fetching services: %w", err)
	}
	found := Fetched{Kafka: t.kafka}
	if t.registry != "" {
		found.Registry = filepath.Dir(t.registry)
	}
	return found, nil
}

// fetch finds the programs, and downloads what the cache does not hold. Two
// processes that do so at once wait for each other.
func fetch(ctx context.Context, cfg Config) (tools, error) {
	if err := Missing(cfg); err != nil {
		return tools{}, err
	}
	cache := filepath.Join(cfg.Root, "download")
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return tools{}, fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return tools{}, err
	}
	defer unlock()
	var t tools
	if cfg.Brokers > 0 || cfg.Registry {
		if t.java, err = exec.LookPath("java"); err != nil {
			return tools{}, fmt.Errorf("looking for java: %w", err)
		}
	}
	if cfg.Brokers > 0 {
		if t.kafka, err = once(cache, "kafka-"+KafkaVersion, func(dir string) error { return fetchKafka(ctx, dir, cfg.Out) }); err != nil {
			return tools{}, err
		}
	}
	if cfg.Registry {
		dir, err := once(cache, "apicurio-"+ApicurioVersion, func(dir string) error { return fetchRegistry(ctx, dir, cfg.Out) })
		if err != nil {
			return tools{}, err
		}
		t.registry = filepath.Join(dir, "apicurio-registry-app-"+ApicurioVersion+"-runner.jar")
	}
	if cfg.Redis || cfg.Sentinel {
		if t.redis, t.redisEnv, err = findRedis(ctx, cache, cfg.Out); err != nil {
			return tools{}, err
		}
	}
	return t, nil
}

// lock excludes other processes until unlock.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the cache: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the cache: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}

// once fills a folder of the cache. It gets its name only when it is complete,
// so an interrupted download is made again.
func once(cache, name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	if err := os.MkdirAll(partial, 0o750); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	if err := fill(partial); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	return dir, nil
}

const kafkaProject = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>sluice</groupId><artifactId>services</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + KafkaVersion + `</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>` + KafkaVersion + `</version></dependency>
</dependencies></project>
`

func fetchKafka(ctx context.Context, dir string, out io.Writer) error {
	fmt.Fprintf(out, "fetching Apache Kafka %s (about 54 MB, once)\n", KafkaVersion)
	pom := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(pom, []byte(kafkaProject), 0o600); err != nil {
		return err
	}
	return run(ctx, dir, "mvn", "-q", "-B", "-f", pom, mavenPlugin+":copy-dependencies", "-DoutputDirectory="+dir, "-DincludeScope=runtime")
}

func fetchRegistry(ctx context.Context, dir string, out io.Writer) error {
	fmt.Fprintf(out, "fetching Apicurio Registry %s (about 109 MB, once)\n", ApicurioVersion)
	artifact := "io.apicurio:apicurio-registry-app:" + ApicurioVersion + ":tar.gz:all"
	if err := run(ctx, dir, "mvn", "-q", "-B", mavenPlugin+":copy", "-Dartifact="+artifact, "-DoutputDirectory="+dir); err != nil {
		return err
	}
	archive := filepath.Join(dir, "apicurio-registry-app-"+ApicurioVersion+"-all.tar.gz")
	if err := run(ctx, dir, "tar", "-xzf", archive, "-C", dir); err != nil {
		return err
	}
	return os.Remove(archive)
}

// findRedis takes the installed server, else unpacks Debian's packages into
// the cache: without installing anything, and as any user.
func findRedis(ctx context.Context, cache string, out io.Writer) (string, []string, error) {
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path, nil, nil
	}
	dir, err := once(cache, "redis-debian", func(dir string) error {
		fmt.Fprintln(out, "fetching Redis from the distribution's packages (about 2 MB and the list of packages, once)")
		lists, archives := filepath.Join(dir, "lists"), filepath.Join(dir, "archives")
		for _, d := range []string{filepath.Join(lists, "partial"), filepath.Join(archives, "partial")} {
			if err := os.MkdirAll(d, 0o750); err != nil {
				return err
			}
		}
		options := []string{
			"-q", "-o", "Dir::State::lists=" + lists, "-o", "Dir::Cache=" + dir, "-o", "Dir::Cache::archives=" + archives,
			"-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=",
		}
		if err := run(ctx, dir, "apt-get", append(options, "update")...); err != nil {
			return err
		}
		if err := run(ctx, dir, "apt-get", append(options, "--yes", "--download-only", "--no-install-recommends", "install", "redis-server")...); err != nil {
			return err
		}
		return unpackAll(ctx, dir, archives)
	})
	if err != nil {
		return "", nil, err
	}
	libraries, err := filepath.Glob(filepath.Join(dir, "root", "usr", "lib", "*-linux-gnu*"))
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "root", "usr", "bin", "redis-server"), []string{"LD_LIBRARY_PATH=" + strings.Join(libraries, ":")}, nil
}

func unpackAll(ctx context.Context, dir, archives string) error {
	packages, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	for _, p := range packages {
		if err := run(ctx, dir, "dpkg-deb", "-x", p, filepath.Join(dir, "root")); err != nil {
			return err
		}
	}
	for _, rest := range []string{"lists", "archives"} {
		if err := os.RemoveAll(filepath.Join(dir, rest)); err != nil {
			return err
		}
	}
	return nil
}

// run runs a program to its end; its output is told where it fails.
func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- programs and arguments of this package
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", program, err, out[max(0, len(out)-3000):])
	}
	return nil
}
