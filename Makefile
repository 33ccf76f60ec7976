# The verbs of this repository. `go build ./...` and `go test ./...` need nothing
# but Go; what is here also brings the programs that some suites start.

STATICCHECK_VERSION = v0.8.2
GOVULNCHECK_VERSION = v1.9.0

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   = -s -w -X main.version=$(VERSION)
FUZZTIME ?= 10s
CONTAINER ?= docker
CLIENTS  ?=
# The longest package takes nine minutes on two busy cores; go test gives up after ten.
TIMEOUT   = -timeout 30m
# Most tests wait for other programs: more of them at once than there are processors.
ATONCE    = -p 4 -parallel 3
# First those that take longest, so that nothing waits for them alone at the end.
PACKAGES  = ./cmd/dingbridge/internal/systemtest ./provider ./cmd/dingbridge ./provider/pages ./...
REQUIRE   = DINGBRIDGE_REQUIRE_ALL=1 DINGBRIDGE_REQUIRE_ALL_BUT=$(if $(CLIENTS),,apache,omniauth,dingtalk,vuedjango,proxies,helm,systemd)

.PHONY: build test race lint vuln fuzz bench image needs clean

# A static binary. no_otel leaves out the tracing that the protocol library would
# otherwise link and that nothing here reads.
build:
	CGO_ENABLED=0 go build -trimpath -tags no_otel -ldflags "$(LDFLAGS)" -o bin/dingbridge ./cmd/dingbridge

# Every suite, none left out but for those of other people's apps, which run where
# those apps are installed. With CLIENTS=1 they are brought, and must run too.
test: needs
	$(REQUIRE) go test $(TIMEOUT) $(ATONCE) $(TESTFLAGS) $(PACKAGES)

# Under the race detector the long proofs shorten themselves (-short).
race: needs
	$(REQUIRE) go test -race -short $(TIMEOUT) $(ATONCE) $(TESTFLAGS) $(PACKAGES)

lint:
	@.ci/gofmt
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION) ./...

# Apart from lint, because it asks vuln.go.dev and fails without it.
vuln:
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

# Every fuzz target there is, FUZZTIME each (`make fuzz FUZZTIME=2m`).
fuzz:
	@.ci/fuzz $(FUZZTIME)

# YARDSTICK=DIR also measures, in turns, the bridge in DIR; BENCHFLAGS='-only trips'
# measures a part.
bench:
	YARDSTICK="$(YARDSTICK)" go run ./cmd/dingbridge/internal/bench $(BENCHFLAGS)

image:
	$(CONTAINER) build -f deploy/Dockerfile --build-arg VERSION=$(VERSION) -t dingbridge:$(VERSION) .

# Redis, Chromium and Node for the suites that start them, with CLIENTS=1 Apache, Ruby,
# Java, Python, nginx and Caddy too (Debian, as root).
needs:
	@.ci/needs $(if $(CLIENTS),clients)

clean:
	rm -rf bin
