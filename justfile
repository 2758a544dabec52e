version := trim_start_match(env("VERSION", `git describe --tags --always --dirty 2>/dev/null || echo 0.0.0`), "v")
build_info := env("BUILD_INFO", "local build")
actionlint := "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
version_package := "nanomon/services/common/version"

# List the recipes
_default:
    @{{ just_executable() }} --justfile {{ justfile() }} --list --unsorted

# Build NanoMon and run it: page on port 8001, API on 8000, data in ./data
run: build
    bin/standalone

# Develop: run api, runner and frontend against MONGO_URI or a server of their own; each reloads on a change
run-all: _page _air
    @exec node scripts/dev.mjs

# Develop: run the API alone
run-api: _air
    @exec node scripts/dev.mjs api

# Develop: run a runner alone; a second one shares the monitors out with it
run-runner: _air
    @exec node scripts/dev.mjs runner

# Develop: serve the page alone, by Vite; it expects the API on API_PORT, or where API_ENDPOINT says
run-frontend: _page
    @exec node scripts/dev.mjs frontend

# Develop: run a MongoDB server, or a stand-in, on port 27017 with its data in ./data/mongo
run-db:
    @exec scripts/run-db.sh

# Run every test but those of faults and those by programs of others
test: build _test-tools _api
    @# The tests of the product come first: they wait much, and others compute meanwhile.
    go test -race -timeout 5m $(go list ./tests/... ./... | grep -vE '/tests/(azure|load|fault|images|prometheus|release|schemathesis)$')
    go test -C tests/compose -race ./...
    go test -count=1 ./tests/load
    npm --prefix frontend run --silent test:browser

# Run the tests of faults: killed servers, killed runners, cut connections
test-fault: _test-tools
    go test -race -count=1 -timeout 10m ./tests/fault

# Run the tests by programs of others, which mostly wait: both at a time
[parallel]
test-peers: test-prometheus test-schemathesis

# Run Prometheus for a minute on three runners and the API, and check what it is given in deploy/prometheus
test-prometheus: _test-tools
    go test -race -count=1 -timeout 5m ./tests/prometheus

# Run the tests of the ways to install it; needs root
[parallel]
test-deploy: test-kubernetes test-azure test-images

# Check the Helm chart and the Kubernetes manifests without a cluster, and run the services as they say
test-kubernetes: _page _test-tools
    go test -C tests/kubernetes -race -count=1 ./...

# Check the Bicep files as far as they can be read here, and run the script that deploys them
test-azure: _test-tools
    @scripts/install-python-tools.sh azure
    go test -race -count=1 ./tests/azure

# Build the images with buildah and run them; needs root
test-images: _page _test-tools
    @{ command -v buildah && command -v ip; } >/dev/null || scripts/install-packages.sh buildah iproute2
    go test -race -count=1 -timeout 10m ./tests/images

# Run what takes too long for CI: make a release for every platform, and look at what is in it
test-long:
    go test -count=1 -v -timeout 30m ./tests/release

# Fuzz the API from its specification, by schemathesis
test-schemathesis: _page _test-tools
    @scripts/install-python-tools.sh schemathesis
    go test -count=1 -v -timeout 10m ./tests/schemathesis

# Run the tests that need MongoDB, against NANOMON_TEST_MONGO_URI or a server that they find
test-mongo: build _test-tools
    go test -race -count=1 -timeout 10m $(go list ./services/common/store/mongo ./tests/... | grep -E '/(mongo|e2e|fault|upgrade)$')

# Test the API of the NanoMon at API_ENDPOINT; with sign-in on, API_TOKEN is needed
test-api: _api
    @node scripts/test-api.mjs

# Measure requests a second by route, of a NanoMon of its own or, only reading, of that at API_ENDPOINT (-duration 5s: longer)
bench-api *flags: build
    @go run ./tests/perf {{ flags }}

# Have the NanoMon at API_ENDPOINT send a test message by every channel, and show what each server answered
test-alert:
    @node scripts/test-alert.mjs

# Write the parts of the documents that are made from the code, and .env.sample
generate-docs:
    go test -count=1 -run TestGeneratedPartsAreCurrent ./tests/docs -update

# Take the pictures in docs/screenshots anew
screenshots: build _test-tools
    node tests/browser/screenshots.mjs

# Build api, runner, frontend and standalone into bin/
build: _page (_compile "bin/")

# Make a release in bin/release: archives for Linux, macOS and Windows, what they are made of, checksums
release-binaries: _page
    @scripts/release.sh "{{ version }}"

# Publish the images and the chart of VERSION below REPOSITORY, signed by cosign
publish repository:
    @BUILD_INFO="{{ build_info }}" scripts/publish.sh "{{ repository }}" "{{ version }}"

# Install the chart on a cluster of its own, by kind, with the images of `just images`
test-kind:
    @scripts/test-kind.sh "{{ version }}"

_compile folder:
    CGO_ENABLED=0 go build -trimpath \
        -ldflags '-s -w -X "{{ version_package }}.Version={{ version }}" -X "{{ version_package }}.BuildInfo={{ build_info }}"' \
        -o "{{ folder }}" ./services/api ./services/runner ./services/frontend ./services/standalone

# Build the images nanomon/api, nanomon/runner, nanomon/frontend and nanomon/standalone with Docker
images: (image "api") (image "runner") (image "frontend") (image "standalone")

# Build one of the images with Docker: api, runner, frontend or standalone
image service:
    docker build --file build/Dockerfile.{{ service }} --build-arg "VERSION={{ version }}" --build-arg "BUILD_INFO={{ build_info }}" \
        --tag "nanomon/{{ service }}:{{ version }}" --tag "nanomon/{{ service }}:latest" .

# Make the API's specification and JSON schemas anew from api/typespec
generate-specs: _api
    @node api/generate.mjs

# Fail if the specification and the schemas aren't what api/typespec makes
check-specs: _api
    @npm --prefix api run --silent format:check
    @node api/generate.mjs --check

# Check formatting and types, and look for common mistakes
lint: _page check-specs
    @test -z "$(gofmt -l services api/*.go frontend/*.go templates tests)" || { echo "gofmt would change:"; gofmt -l services api/*.go frontend/*.go templates tests; exit 1; }
    go vet ./...
    go run {{ staticcheck }} ./...
    # With -race, as they are tested: so what they need is compiled once.
    for module in tests/compose tests/kubernetes; do (cd $module && go vet -race ./... && GOFLAGS=-race go run -race=false {{ staticcheck }} ./...) || exit; done
    @scripts/fetch-programs.sh shellcheck shellcheck
    PATH="$PATH:.tools/bin" shellcheck .ci/run scripts/just scripts/*.sh deploy/azure/*.sh deploy/helm/nanomon/files/*.sh
    PATH="$PATH:.tools/bin" go run {{ actionlint }}
    npm --prefix frontend run --silent lint
    npm --prefix frontend run --silent format:check
    npm --prefix frontend run --silent types

# Format Go, JavaScript, CSS, HTML and TypeSpec
format: _page _api
    gofmt -w services api/*.go frontend/*.go templates tests
    npm --prefix frontend run --silent format
    npm --prefix api run --silent format

# Fetch the Go modules and npm packages
install: _page _api
    go mod download

# Remove what was built; the data stays
clean:
    rm -rf bin .tools api/node_modules frontend/node_modules frontend/app/lib

_page:
    @[ frontend/node_modules/.package-lock.json -nt frontend/package-lock.json ] || npm --prefix frontend ci --silent --no-audit --no-fund
    @npm --prefix frontend run --silent build

_api:
    @[ api/node_modules/.package-lock.json -nt api/package-lock.json ] || npm --prefix api ci --silent --no-audit --no-fund

_test-tools:
    @scripts/setup-tests.sh

_air:
    @scripts/install-air.sh
