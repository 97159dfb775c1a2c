SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO ?= go

# The linter is compiled, which takes about four minutes on two cores, so it is only installed when
# LINT_FULL=1 asks for it. Without it `make lint` does the rest; the floors of the house are
# also held by tests/structure.
LINTER_VERSION := v2.15.0
LINTER_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/openpartner/golangci-lint-$(LINTER_VERSION)

.PHONY: help
help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: build
build: ## Build bin/openpartner
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/openpartner ./cmd/openpartner

.PHONY: run
run: postgres build ## Run for development, with a database in ./data; prints the set-up link
	OPENPARTNER_ENV=development bin/openpartner serve

.PHONY: demo
demo: postgres build ## Run like `make run`, with six months of a made-up shop in ./data-demo
	OPENPARTNER_ENV=development OPENPARTNER_DATA=./data-demo bin/openpartner seed-demo --if-empty
	OPENPARTNER_ENV=development OPENPARTNER_DATA=./data-demo bin/openpartner serve

.PHONY: test
test: postgres chromium pgbouncer ## Run all tests, on a PostgreSQL that lives as long as they do
	$(GO) run ./tests/withpg $(GO) test -timeout 10m ./...
	@$(MAKE) --no-print-directory -j2 browser crash # which wait more than they work

.PHONY: browser
browser: postgres chromium ## Use the program in a real browser, and check every page for accessibility
	$(GO) run ./tests/withpg $(GO) test -tags browser -count=1 -timeout 12m ./tests/browser

.PHONY: crash
crash: postgres ## Kill the program and its database at random under load, and look for what is missing
	$(GO) run ./tests/withpg $(GO) test -tags crash -count=1 -timeout 12m ./tests/crash

.PHONY: chaos
chaos: postgres ## Kill programs that pay a thousand times, and count the money
	OPENPARTNER_TEST_CYCLES=1000 $(GO) run ./tests/withpg $(GO) test -tags crash -count=1 -v -parallel 4 -timeout 180m -run TestMoneyMovesOnce ./tests/crash

.PHONY: generate
generate: ## Generate Go from the templates
	$(GO) tool templ generate

.PHONY: checksums
checksums: ## Note the checksums of new migrations; those that were merged never change
	@cd migrations && for f in *.sql; do \
		grep -q "  $$f$$" checksums.txt || sha256sum "$$f" >> checksums.txt; done

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files "*.go")
	$(GO) tool templ fmt views

.PHONY: lint
lint: ## Check formatting, vet, linters, and that generated code is up to date
	@unformatted=$$(gofmt -l $$(git ls-files "*.go")); \
		if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool templ generate
	@git diff --exit-code --stat -- '*_templ.go' || { echo "generated code is out of date: make generate"; exit 1; }
	@if [ -n "$(LINT_FULL)" ] && [ ! -x $(LINTER_DIR)/golangci-lint ]; then \
		GOBIN=$(LINTER_DIR) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION); fi
	@if [ -x $(LINTER_DIR)/golangci-lint ]; then $(LINTER_DIR)/golangci-lint run; \
		else echo "golangci-lint is not installed: LINT_FULL=1 make lint does it once"; fi

.PHONY: bench
bench: ## Measure against references, and print a table
	$(GO) run ./tests/withpg $(GO) run ./tests/bench

.PHONY: postgres
postgres:
	@if ! command -v postgres >/dev/null && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && [ -z "$$PG_BIN" ]; then \
		scripts/install postgresql; fi

.PHONY: pgbouncer
pgbouncer:
	@if ! command -v pgbouncer >/dev/null; then scripts/install pgbouncer; fi

.PHONY: chromium
chromium:
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then scripts/install chromium; fi
