package config

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"nanomon/services/common/store"
)

// Port is a TCP port, 1 to 65535; 0 lets the system choose a free one.
type Port int

// UnmarshalText reads a port.
func (p *Port) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil {
		return fmt.Errorf("%q is not a port, use a number from 1 to 65535", text)
	}
	*p = Port(n)
	return nil
}

// SQLite says where the embedded database is.
//
// # Database
type SQLite struct {
	// Folder of the database. It is made if it isn't there.
	DataDir string `env:"DATA_DIR" envDefault:"./data"`
}

// Mongo says where the MongoDB server is.
//
// # Database
type Mongo struct {
	// The MongoDB server. **Secret** where it holds a password.
	MongoURI string `env:"MONGO_URI" envDefault:"mongodb://localhost:27017"`
	// The database on that server.
	MongoDB string `env:"MONGO_DB" envDefault:"nanomon"`
	// How long the first connection may take.
	MongoTimeout time.Duration `env:"MONGO_TIMEOUT" envDefault:"30s"`
}

// Retention says for how long history is kept.
//
// # History
type Retention struct {
	// For how long single results are kept, at least `2h`.
	ResultRetention time.Duration `env:"RESULT_RETENTION" envDefault:"720h"`
	// For how long hourly and daily figures, status changes and alerts are kept, at least as long as single results.
	RollupRetention time.Duration `env:"ROLLUP_RETENTION" envDefault:"9600h"`
}

// Keep is the retention as the store takes it.
func (r Retention) Keep() store.Retention {
	return store.Retention{Results: r.ResultRetention, Rollups: r.RollupRetention}
}

// Validate checks that the rollups' source is there until they are made.
func (r Retention) Validate() error {
	if r.ResultRetention < 2*time.Hour {
		return fmt.Errorf("RESULT_RETENTION: %s is too short, use at least 2h", r.ResultRetention)
	}
	if r.RollupRetention < r.ResultRetention {
		return fmt.Errorf("ROLLUP_RETENTION: %s is shorter than RESULT_RETENTION, %s", r.RollupRetention, r.ResultRetention)
	}
	return nil
}

// Polling says how often a store that can't tell of changes is asked.
//
// # Database
type Polling struct {
	// How often the monitors are read where the database can't tell of changes, at least `1s`.
	PollingInterval time.Duration `env:"POLLING_INTERVAL" envDefault:"10s"`
}

// Validate keeps the store from being asked without a pause.
func (p Polling) Validate() error {
	if p.PollingInterval < time.Second {
		return fmt.Errorf("POLLING_INTERVAL: %s is too short, use at least 1s", p.PollingInterval)
	}
	return nil
}

// ChangeStreams says whether a server that could tell of changes is asked for them.
//
// # Database
type ChangeStreams struct {
	// Whether to poll even where the MongoDB server could tell of changes.
	UsePolling bool `env:"USE_POLLING" envDefault:"false"`
}

// Spool says where results wait while the store is away.
//
// # Database
type Spool struct {
	// Folder for results that wait while the database is away; unset, they wait in memory. Runners that share it take over
	// what a dead one left.
	SpoolDir string `env:"SPOOL_DIR"`
}

// Prometheus says whether metrics can be scraped.
//
// # Metrics
//
// [metrics.md](metrics.md) tells which there are, and how Prometheus is set up.
type Prometheus struct {
	// Whether to serve metrics at `/metrics`. Otherwise no port is opened for them.
	PrometheusEnable bool `env:"PROMETHEUS_ENABLE" envDefault:"false"`
	// Another name for `PROMETHEUS_ENABLE`; one of the two is enough.
	PrometheusEnabled bool `env:"PROMETHEUS_ENABLED" envDefault:"false"`
	// Port of the metrics; with 0 a free one is taken.
	PrometheusPort Port `env:"PROMETHEUS_PORT" envDefault:"8080"`
}

// On reports whether metrics are switched on, by either name.
func (p Prometheus) On() bool { return p.PrometheusEnable || p.PrometheusEnabled }

// Health says how others learn that a service works.
//
// # Health
//
// Each program has a subcommand `health`, such as `api health`. Run beside the service, with the same settings, it ends with the code 0 if
// that works, and else with 1 and a line that says why. `api`, `frontend` and `standalone` are asked on their ports, which must not be 0. It is no question
// of whether the database is there: that is `/api/health`.
type Health struct {
	// File that the runner touches every five seconds while its schedule goes on, and by which `runner health` tells that it works, for it has no port.
	// Unset: none.
	HealthFile string `env:"HEALTH_FILE"`
}

// Page is what the page is told.
//
// # Addresses
type Page struct {
	// Where the page finds the API: a path on its own host name, or an absolute URL.
	APIEndpoint string `env:"API_ENDPOINT" envDefault:"/api"`
}

// API is the configuration of the API service.
//
// # Addresses
type API struct {
	Mongo
	Auth
	CORS
	// Port to listen on; with 0 a free one is taken.
	Port Port `env:"PORT" envDefault:"8000"`
}

// Validate checks the values that parsed.
func (c API) Validate() error { return c.Auth.Validate() }

// Runner is the configuration of the runner service.
type Runner struct {
	Mongo
	Polling
	Retention
	ChangeStreams
	Spool
	Checks
	Alerts
	Prometheus
	Health
}

// Validate checks the values that parsed.
func (c Runner) Validate() error {
	return errors.Join(c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate())
}

// Frontend is the configuration of the frontend host.
//
// # Addresses
type Frontend struct {
	Auth
	Page
	// Port to listen on; with 0 a free one is taken.
	Port Port `env:"PORT" envDefault:"8001"`
}

// Validate checks the values that parsed.
func (c Frontend) Validate() error { return c.Auth.Validate() }

// Standalone is the configuration of the three services in one process.
//
// # Addresses
type Standalone struct {
	// Port of the API; with 0 a free one is taken.
	APIPort Port `env:"API_PORT" envDefault:"8000"`
	// Port of the page, where the API is too; with 0 a free one is taken.
	FrontendPort Port `env:"FRONTEND_PORT" envDefault:"8001"`
	Page
	SQLite
	Polling
	Retention
	Spool
	Auth
	CORS
	Checks
	Alerts
	Prometheus
}

// Validate checks the values that parsed.
func (c Standalone) Validate() error {
	return errors.Join(c.Auth.Validate(), c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate())
}
