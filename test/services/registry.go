package services

import (
	"context"
	"net"
	"path/filepath"
)

// registryPath is Apicurio's API in the form of Confluent's.
const registryPath = "/apis/ccompat/v7"

// prepareRegistry enters Apicurio with its store in memory.
func (s *Set) prepareRegistry(ctx context.Context, cfg Config, t tools) error {
	if !cfg.Registry {
		return nil
	}
	ports, err := s.freePorts(ctx, 1)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(ports[0])
	if err != nil {
		return err
	}
	s.state.Addresses.Registry = "http://" + ports[0] + registryPath
	s.add(spec{Name: "registry", Kind: registryKind, Address: ports[0], Dir: s.Dir(), Command: []string{
		t.java, "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dquarkus.http.port=" + port, "-Dquarkus.http.host=127.0.0.1",
		// Tests remove what they registered.
		"-Dapicurio.rest.deletion.artifact.enabled=true", "-Dapicurio.rest.deletion.artifact-version.enabled=true",
		"-Djava.io.tmpdir=" + filepath.Join(s.Dir()),
		"-jar", t.registry,
	}})
	return nil
}
