# Every target that a contributor or CI needs. `make` alone explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# The tools are pinned in a module of their own, so that a linter's
# dependencies never mix with those of the product.
TOOL := go tool -modfile=tools/go.mod

# One package must not hang longer than this; the whole suite takes less than
# five minutes on two cores.
TEST_TIMEOUT ?= 8m
TEST_FLAGS   ?=
PKG          ?= ./...

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the binary to bin/sluice (static, reproducible)
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: demo
demo: build ## Run the whole pipeline in one process on embedded services
	./bin/sluice demo

.PHONY: test
test: ## Run every test with the race detector and in random order
	go test -race -shuffle=on -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) $(PKG)

# Real Kafka, Schema Registry and Redis as local processes on loopback, fetched
# once into $$SERVICES_DIR (default: the user's cache). Flags for `up`, such as
# SERVICES="-brokers 3 -secure -sentinel".
SERVICES ?=
CTL      := go run ./test/services/ctl

.PHONY: services-up
services-up: ## Start real Kafka, registry and Redis (needs Java 17 and Maven)
	$(CTL) up $(SERVICES)

.PHONY: services-down
services-down: ## Stop every service that services-up started
	$(CTL) down

.PHONY: services-status
services-status: ## Say which services run, and where
	$(CTL) status

.PHONY: lint
lint: ## Check the code with the linters of .golangci.yml
	$(TOOL) golangci-lint run $(PKG)

.PHONY: fmt
fmt: ## Format the code and group its imports
	$(TOOL) golangci-lint fmt

.PHONY: generate
generate: ## Make the generated files again (docs tables, JSON schemas)
	go generate ./...

.PHONY: vuln
vuln: ## Look for known vulnerabilities in the code that is really called
	$(TOOL) govulncheck ./...

.PHONY: ci
ci: ## Do exactly what CI does
	bash .ci/run

.PHONY: clean
clean: ## Remove what `make build` made
	rm -rf bin
