# Without the folder of the sources in the programs, all clones of the repository share Go's build cache.
export GOFLAGS := trim_start(env("GOFLAGS", "") + " -trimpath")
version := trim_start_match(env("VERSION", `git describe --tags --always --dirty 2>/dev/null || echo 0.0.0`), "v")
build_info := env("BUILD_INFO", "local build")
air := "github.com/air-verse/air@v1.67.4"
goreleaser := "github.com/goreleaser/goreleaser/v2@v2.12.7"
actionlint := "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
version_package := "nanomon/services/common/version"
ldflags := '-s -w -X "' + version_package + '.Version=' + version + '" -X "' + version_package + '.BuildInfo=' + build_info + '"'

# List the recipes
_default:
    @{{ just_executable() }} --justfile {{ justfile() }} --list --unsorted

# Build and run NanoMon: page on port 8001, API on port 8000, data in ./data
run: build
    bin/standalone

# Develop: run api, runner and frontend, and a database if MONGO_URI is local and nothing runs there; they reload when code changes
run-all: _page _air
    @exec node scripts/dev.mjs

# Develop: run only the API
run-api: _air
    @exec node scripts/dev.mjs api

# Develop: run only a runner; several divide the monitors among themselves
run-runner: _air
    @exec node scripts/dev.mjs runner

# Develop: serve only the page with Vite; it uses the API on port API_PORT, or at API_ENDPOINT
run-frontend: _page
    @exec node scripts/dev.mjs frontend

# Develop: run MongoDB, or FerretDB as a stand-in, on port 27017 with its data in ./data/mongo
run-db:
    @exec scripts/run-db.sh

# Run all tests except fault, deployment, peer and long tests
test: build _test-tools _api
    @# The system tests come first, because they mostly wait while the other packages use the CPU.
    go test -race -timeout 20m $(go list ./tests/... ./... | grep -vE '/tests/(bench|deploy/(azure|docker|pods|release)|system/(fault|memory)|peers/.*)$')
    @# Without -race, which slows down the two compared programs differently.
    go test -count=1 ./tests/bench
    npm --prefix frontend run --silent test:browser

# Run the fault tests: killed servers, killed runners, broken connections
test-fault: _page _test-tools
    go test -race -count=1 -timeout 20m ./tests/system/fault

# The deployment tests mostly wait. The tests with Prometheus would fail beside them, because they expect a quick response.
[parallel]
_test-deploy-and-fuzz: test-deploy test-schemathesis test-healthchecks

# Run the tests with Prometheus, schemathesis and clients of healthchecks at the same time
[parallel]
test-peers: test-prometheus test-schemathesis test-healthchecks

# Run Prometheus against three runners and the API, and check the files in deploy/prometheus
test-prometheus: _page _test-tools
    go test -race -count=1 -timeout 10m ./tests/peers/prometheus

# Run the deployment tests: Kubernetes, Azure and images; needs root
[parallel]
test-deploy: test-kubernetes test-azure test-images

# Without -race: the tests render text and run programs, and the race detector makes Helm's library seven times slower.
# Install the Helm chart on a real API server, check the manifests, and run the services with their settings
test-kubernetes: _page _test-tools
    @scripts/build-kubernetes.sh >/dev/null
    go test -C tests/deploy/kubernetes -count=1 -short -timeout 20m ./...

# Check the Bicep files, and run the deployment script with a stand-in for the Azure CLI
test-azure: _test-tools
    @scripts/install-python-tools.sh deploy/azure
    go test -race -count=1 ./tests/deploy/azure

# Build the images with a Docker engine, and run them, also with Docker Compose; needs root
test-images: _page _test-tools
    @scripts/fetch-docker.sh
    go test -race -count=1 -timeout 20m ./tests/deploy/docker

# Install the chart on a Kubernetes cluster whose pods run the images, and upgrade, kill and drain them; needs root
test-pods: _page _test-tools
    @scripts/fetch-docker.sh
    @scripts/fetch-containerd.sh
    @scripts/build-kubernetes.sh >/dev/null
    go test -race -count=1 -v -timeout 20m ./tests/deploy/pods

# Run the long tests: pods, all installations with Helm 3 and 4, the commands of all documents, a release, memory, status pages without the store, steps of SQLite, a million monitors; needs root
test-long: test-pods
    go test -C tests/deploy/kubernetes -count=1 -v -timeout 45m ./cluster ./workshop
    go test -count=1 -v -timeout 45m ./tests/deploy/release
    go test -count=1 -v -timeout 10m ./tests/system/memory
    go test -count=1 -v -timeout 5m -run StatusPage ./tests/system/fault -minute
    go test -count=1 -timeout 20m -run 'TestModel$' ./services/runner/alerting -scenarios 800
    go test -run '^$' -bench AppendWhile -benchtime 1x ./services/common/store/sqlite
    go test -count=1 -v -timeout 10m -p 1 -run 'AssignmentIsEven|ReconcileOfMany' ./services/runner/cluster ./services/runner/engine -million

# Compare checks, storage, API and start with a bare loop of requests; needs a machine that does nothing else (--short: 4 minutes)
bench *flags: _page
    @go run ./tests/bench {{ flags }}

# Fuzz the API with schemathesis, based on its specification
test-schemathesis: _page _test-tools
    @scripts/install-python-tools.sh peers/schemathesis
    go test -count=1 -v -timeout 10m ./tests/peers/schemathesis

# Run jobs with clients of healthchecks, whose pings go to the real server
test-healthchecks: _page _test-tools
    @scripts/install-python-tools.sh peers/healthchecks
    go test -count=1 -v -timeout 5m ./tests/peers/healthchecks

# Run the tests that use MongoDB, against NANOMON_TEST_MONGO_URI, a mongod on the PATH, or a stand-in
test-mongo: build _test-tools
    go test -race -count=1 -timeout 10m $(go list ./services/common/store/mongo ./tests/... | grep -E '/(mongo|e2e|fault|upgrade)$')

# Test the running API at API_ENDPOINT; if sign-in is on, set API_TOKEN; report=true writes api-test-results.xml (JUnit)
test-api report="false": _api
    @node scripts/test-api.mjs {{ if report =~ '(^|=)false$' { "" } else { "api-test-results.xml" } }}

# Measure requests per second by route, on a new instance or, read-only, at API_ENDPOINT (-duration 5s runs longer)
bench-api *flags: _page
    @go run ./tests/bench -only routes {{ flags }}

# Send a test notification through every channel of the NanoMon at API_ENDPOINT, and show the responses
test-alert:
    @node scripts/test-alert.mjs

# Regenerate .env.sample and the generated parts of the documents
generate-docs:
    go test -count=1 -run TestGeneratedPartsAreCurrent ./tests/repo/docs -update

# Regenerate the screenshots in docs/screenshots
screenshots: build _test-tools
    node tests/browser/screenshots.mjs

# Draw the PNG icons in frontend/app/icons from the SVG files there
icons: _page _test-tools
    node frontend/scripts/icons.mjs

# Build api, runner, frontend and standalone into bin/
build: _page
    CGO_ENABLED=0 go build -trimpath -ldflags {{ quote(ldflags) }} -o bin/ \
        ./services/api ./services/runner ./services/frontend ./services/standalone

# Build a release in bin/release: archives for Linux, macOS and Windows, SBOMs, checksums
release-binaries: (_goreleaser "--snapshot" "--skip=sign")

# Build the release of a tag, sign its checksums with cosign, and publish it on GitHub; needs GITHUB_TOKEN
release: _goreleaser

# One task at a time, because otherwise the order of the programs in an archive is not always the same.
_goreleaser *options: _page
    @scripts/install-go-program.sh goreleaser {{ goreleaser }}
    @VERSION="{{ version }}" LDFLAGS={{ quote(ldflags) }} COMMIT_TIME=$(git log -1 --format=%ct) COMMIT_DATE=$(git log -1 --format=%cI) \
        .tools/goreleaser release --clean --parallelism 1 {{ options }}

# Publish the images and the chart of VERSION to REPOSITORY, signed with cosign
publish repository:
    @BUILD_INFO="{{ build_info }}" scripts/publish.sh "{{ repository }}" "{{ version }}"

# Install the chart on a new kind cluster, with the images of `just images`
test-kind:
    @scripts/test-kind.sh "{{ version }}"

# Build the images nanomon/api, nanomon/runner, nanomon/frontend and nanomon/standalone with Docker
images: (image "api") (image "runner") (image "frontend") (image "standalone")

# Build one image with Docker: api, runner, frontend or standalone
image service:
    docker build --file build/Dockerfile.{{ service }} --build-arg "VERSION={{ version }}" --build-arg "BUILD_INFO={{ build_info }}" \
        --tag "nanomon/{{ service }}:{{ version }}" --tag "nanomon/{{ service }}:latest" .

# Build the image nanomon/standalone with Docker
image-standalone: (image "standalone")

# Push the images of `just images` to IMAGE_REG/IMAGE_NAME, with the tag IMAGE_TAG
push:
    @node scripts/push.mjs "{{ version }}"

# Regenerate the API specification and the JSON schemas from api/typespec
generate-specs: _api generate-docs
    @node api/generate.mjs

# Fail if the specification or the schemas are not up to date with api/typespec
check-specs: _api
    @npm --prefix api run --silent format:check
    @node api/generate.mjs --check

# Check formatting and types, and run the linters; fix=true formats and fixes first
lint fix="false": (_fix fix) _page check-specs
    @test -z "$(gofmt -l services api/*.go frontend/*.go templates tests)" || { echo "these files are not formatted, run just format:"; gofmt -l services api/*.go frontend/*.go templates tests; exit 1; }
    go vet ./...
    go run {{ staticcheck }} ./...
    cd tests/deploy/kubernetes && go vet ./... && go run {{ staticcheck }} ./...
    @scripts/fetch-programs.sh shellcheck shellcheck
    PATH="$PATH:.tools/bin" shellcheck .ci/run scripts/just scripts/*.sh deploy/azure/*.sh deploy/helm/nanomon/files/*.sh
    PATH="$PATH:.tools/bin" go run {{ actionlint }}
    npm --prefix frontend run --silent lint
    npm --prefix frontend run --silent format:check
    npm --prefix frontend run --silent types

_fix fix:
    @{{ if fix =~ '(^|=)false$' { "" } else { just_executable() + " --justfile " + justfile() + " format && npm --prefix frontend run --silent lint -- --fix" } }}

# Format Go, JavaScript, CSS, HTML and TypeSpec
format: _page _api
    gofmt -w services api/*.go frontend/*.go templates tests
    npm --prefix frontend run --silent format
    npm --prefix api run --silent format

# Download the Go modules and npm packages
install: _page _api
    go mod download

# Remove build results and tools; data stays
clean:
    rm -rf bin .tools api/node_modules frontend/node_modules frontend/app/lib
    find frontend/packed -mindepth 1 ! -name .gitignore -delete

_page:
    @[ frontend/node_modules/.package-lock.json -nt frontend/package-lock.json ] || npm --prefix frontend ci --silent --no-audit --no-fund
    @npm --prefix frontend run --silent build

_api:
    @[ api/node_modules/.package-lock.json -nt api/package-lock.json ] || npm --prefix api ci --silent --no-audit --no-fund

_test-tools:
    @scripts/setup-tests.sh

_air:
    @scripts/install-go-program.sh air {{ air }}
