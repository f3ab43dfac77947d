# Every target that a contributor or CI needs. `make` alone explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# The tools are pinned in a module of their own, so that a linter's
# dependencies never mix with those of the product.
TOOL := go tool -modfile=tools/go.mod

TEST_FLAGS   ?=
# One package must not hang longer than this; the whole suite is to take less than
# five minutes on two quiet cores. No wait of a test has a limit of its own
# (test/patience), so that it is long enough for a machine that does other things.
TEST_TIMEOUT ?= 20m
# Tests on services wait more than they work, so more of them than there are
# cores run at a time.
TEST_PARALLEL ?= 4
# The race detector's runtime waits a second at the end of each of some fifty
# programs, for goroutines that no test may leave behind (goleak).
GO_TEST := GORACE=atexit_sleep_ms=50 go test -race -shuffle=on -parallel $(TEST_PARALLEL) -timeout $(TEST_TIMEOUT) $(TEST_FLAGS)
PKG          ?= ./...

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

CMD ?= ./cmd/...
# production leaves the fakes out, and with them `sluice demo` and `sluice sandbox`.
TAGS ?=

.PHONY: build
build: ## Build the binary to bin/sluice (static, reproducible)
	CGO_ENABLED=0 go build -trimpath -tags '$(TAGS)' -ldflags '$(LDFLAGS)' -o bin/ $(CMD)

.PHONY: demo
demo: build ## Run the whole pipeline in one process on embedded services
	./bin/sluice demo

# The demo must work on a machine that has other things to do. RUNS, EVENTS and
# SEED change the storm.
.PHONY: demo-storm
demo-storm: build ## Run the demo with 20,000 events twenty times beside a busy program
	BINARY=bin/sluice test/load/storm/demo.sh

.PHONY: test
test: ## Run every test with the race detector and in random order
	$(GO_TEST) $(PKG)

.PHONY: test-slowest
test-slowest: ## The same, and print the slowest packages and tests
	set -o pipefail; $(GO_TEST) -json -count=1 $(PKG) | go run ./test/slowest

.PHONY: detector
detector: ## Measure what of personal data is recognised; writes docs/detector.md
	go run ./test/detector --docs docs/detector.md

# Real Kafka, Schema Registry and Redis as local processes on loopback, fetched
# once into $$SERVICES_DIR (default: the user's cache). Flags for `up`, such as
# SERVICES="-brokers 3 -secure -sentinel".
SERVICES ?=
CTL      := go run ./test/services/ctl

# How long and how, for chaos and soak. SEED repeats a run.
DURATION ?= 3m
SEED     ?= 0
LOADGEN  := go run ./cmd/loadgen

.PHONY: chaos
chaos: ## Break everything for DURATION while events flow, and account for each
	$(LOADGEN) chaos --duration $(DURATION) --seed $(SEED)

.PHONY: chaos-seeds
chaos-seeds: ## Chaos with seed 777 and twenty more, one after the other (REAL=1: on real services)
	@mkdir -p bin && go build -o bin/loadgen ./cmd/loadgen
	BINARY=bin/loadgen test/load/storm/chaos.sh

.PHONY: chaos-real
chaos-real: ## The same on real Kafka, registry and Redis
	$(LOADGEN) chaos --real --duration $(DURATION) --seed $(SEED)

.PHONY: mutants
mutants: ## Plant known bugs in copies of the tree; chaos must notice each
	$(LOADGEN) mutants

.PHONY: soak
soak: ## Run for DURATION, such as 1h, and plot memory, goroutines, sockets, lag
	$(LOADGEN) soak --duration $(DURATION) --seed $(SEED) --dir bin

# Figures are kept in docs/benchmarks, and the page shows all that are there.
BENCH := $(LOADGEN) bench --save docs/benchmarks --docs docs/benchmarks.md

.PHONY: bench
bench: ## Measure processor time, latency, memory and recovery; writes docs/benchmarks.md
	$(BENCH)

.PHONY: bench-real
bench-real: ## The same on real Kafka, registry and Redis
	$(BENCH) --real

.PHONY: bench-peer
bench-peer: ## Sluice beside Kafka Streams with a Redis client, same events, same services
	$(BENCH) --real --only peer

.PHONY: bench-scaling
bench-scaling: ## Cost against sessions, processes, partitions, destinations, consent records
	$(BENCH) --only scaling

.PHONY: services-up
services-up: ## Start real Kafka, registry and Redis (needs Java 17 and Maven)
	$(CTL) up $(SERVICES)

.PHONY: services-down
services-down: ## Stop every service that services-up started
	$(CTL) down

.PHONY: services-status
services-status: ## Say which services run, and where
	$(CTL) status

# Where TEST_KAFKA_BROKERS, TEST_REGISTRY_URL and TEST_REDIS_ADDRESS name
# services, these are used; otherwise they are started, and stopped again.
.PHONY: test-real
test-real: ## Run the suites against real Kafka, registry and Redis
	$(CTL) run -secure -- ./test/real/run $(TEST_FLAGS)

.PHONY: lint
lint: deadcode ## Check the code with the linters of .golangci.yml, and for dead code
	$(TOOL) golangci-lint run $(PKG)

.PHONY: deadcode
deadcode: ## Fail on functions that no command reaches
	TOOL='$(TOOL)' tools/deadcode/run

.PHONY: fmt
fmt: ## Format the code and group its imports
	$(TOOL) golangci-lint fmt

# Seconds for each fuzz target of the readers below: bytes from browsers decide
# there whether something leaves.
FUZZTIME ?= 10s

.PHONY: fuzz-consent
fuzz-consent: ## Fuzz the readers of consent strings and members for FUZZTIME each
	go test -run '^$$' -fuzz '^FuzzReadTCF$$' -fuzztime $(FUZZTIME) ./pkg/core/consent/iab
	go test -run '^$$' -fuzz '^FuzzReadGPP$$' -fuzztime $(FUZZTIME) ./pkg/core/consent/iab
	go test -run '^$$' -fuzz '^FuzzNormalise$$' -fuzztime $(FUZZTIME) ./pkg/core/consent
	go test -run '^$$' -fuzz '^FuzzConsentMembers$$' -fuzztime $(FUZZTIME) ./pkg/edge/codec

.PHONY: fuzz-codec
fuzz-codec: ## Fuzz the generated readers and writers against the coder for FUZZTIME
	go test -run '^$$' -fuzz '^FuzzStraight$$' -fuzztime $(FUZZTIME) ./pkg/edge/codec

.PHONY: fuzz-identifiers
fuzz-identifiers: ## Fuzz the readers of ids, placeholders, cookies and phones for FUZZTIME each
	go test -run '^$$' -fuzz '^FuzzLookID$$' -fuzztime $(FUZZTIME) ./pkg/core/identity
	go test -run '^$$' -fuzz '^FuzzPlaceholder$$' -fuzztime $(FUZZTIME) ./pkg/core/identity
	go test -run '^$$' -fuzz '^FuzzPhones$$' -fuzztime $(FUZZTIME) ./pkg/core/identity
	go test -run '^$$' -fuzz '^FuzzCookies$$' -fuzztime $(FUZZTIME) ./pkg/core/click

.PHONY: fuzz-places
fuzz-places: ## Fuzz the readers of countries and regions for FUZZTIME each
	go test -run '^$$' -fuzz '^FuzzCountry$$' -fuzztime $(FUZZTIME) ./pkg/core/geo
	go test -run '^$$' -fuzz '^FuzzRegion$$' -fuzztime $(FUZZTIME) ./pkg/core/geo

.PHONY: generate
generate: ## Make the generated files again (codecs, docs tables, JSON schemas)
	go generate ./...

# Helm, kubeconform and promtool, pinned in a module of their own. The tag
# leaves out of promtool every way to discover targets, and with it the clients
# of two dozen clouds.
DEPLOY_TOOLS := helm.sh/helm/v4/cmd/helm github.com/yannh/kubeconform/cmd/kubeconform github.com/prometheus/prometheus/cmd/promtool

.PHONY: deploy-tools
deploy-tools: ## Build helm, kubeconform and promtool to bin/deploy
	cd tools/deploy && CGO_ENABLED=0 go build -trimpath -tags remove_all_sd -ldflags '-s -w' -o ../../bin/deploy/ $(DEPLOY_TOOLS)

# The tool reads the binary itself, and is built from a module of its own.
.PHONY: sbom
sbom: build ## Write the bill of materials of bin/sluice, CycloneDX, to bin/sluice.cdx.json
	cd tools/sbom && GOOS= GOARCH= CGO_ENABLED=0 go build -trimpath -o ../../bin/deploy/sbom .
	./bin/deploy/sbom --version '$(VERSION)' --output bin/sluice.cdx.json bin/sluice

# What a binary is made of names the modules; a module without a text fails.
.PHONY: licences
licences: build ## Write the licence texts of everything in bin/sluice to bin/sluice.licences.txt
	GOOS= GOARCH= go run ./deploy/licences --output bin/sluice.licences.txt bin/sluice

# One archive for one platform: the binary of the image, and what it has to come with.
ARCHIVE = dist/sluice-$(VERSION)-$(shell go env GOOS)-$(shell go env GOARCH).tar.gz
.PHONY: archive
archive: ## Write the release archive to dist: binary, licences, bill of materials
	$(MAKE) licences sbom CMD=./cmd/sluice TAGS=production
	mkdir -p dist
	tar -czf $(ARCHIVE) --owner=0 --group=0 LICENSE -C bin sluice sluice.licences.txt sluice.cdx.json

.PHONY: reproducible
reproducible: ## Build the last commit twice, in two places, and compare
	./test/deploy/image/reproduce

# Kafka, a registry and Redis for those tests, without containers.
.PHONY: deploy-services
deploy-services:
	CGO_ENABLED=0 go build -trimpath -o bin/deploy/ ./deploy/embedded

# The tests of deployments run bin/sluice, bin/deploy/* and nothing else, and
# import nothing of the product: a module of their own.
DEPLOY_TEST := cd test/deploy && SLUICE_BINARY=$(CURDIR)/bin/sluice SLUICE_DEPLOY_TOOLS=$(CURDIR)/bin/deploy go test -count=1 -timeout $(TEST_TIMEOUT) $(TEST_FLAGS)

.PHONY: helm-test
helm-test: build deploy-tools deploy-services ## Lint the chart, compare what it renders with the goldens and the Kubernetes API, start its commands
	$(DEPLOY_TEST) -run '^Test(Chart|Scaling|Rolling)' .

.PHONY: compose-check
compose-check: build deploy-services ## Read docker-compose.yml as compose does, and start its commands as plain processes
	$(DEPLOY_TEST) -run '^Test(Compose|Image)' ./...

.PHONY: compose-real
compose-real: ## Try docker-compose.yml with a real engine in namespaces of its own (Debian, root)
	nice -n 10 ./test/deploy/real/compose

.PHONY: alerts-test
alerts-test: build deploy-tools deploy-services ## Test the alert rules, and that rules and dashboards name metrics that exist
	$(DEPLOY_TEST) -run '^Test(Alert|Dashboard|Metric)' .

.PHONY: vuln
vuln: ## Look for known vulnerabilities in the code that is really called
	$(TOOL) govulncheck ./...

.PHONY: ci
ci: ## Do exactly what CI does
	bash .ci/run

.PHONY: clean
clean: ## Remove what `make build` made
	rm -rf bin
