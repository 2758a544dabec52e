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

// Mongo says where the MongoDB server is.
type Mongo struct {
	// MongoURI may hold a password.
	MongoURI string `env:"MONGO_URI" envDefault:"mongodb://localhost:27017"`
	MongoDB  string `env:"MONGO_DB" envDefault:"nanomon"`
	// MongoTimeout is how long the first connection may take.
	MongoTimeout time.Duration `env:"MONGO_TIMEOUT" envDefault:"30s"`
}

// Retention says for how long history is kept.
type Retention struct {
	ResultRetention time.Duration `env:"RESULT_RETENTION" envDefault:"720h"`
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
type Polling struct {
	PollingInterval time.Duration `env:"POLLING_INTERVAL" envDefault:"10s"`
}

// Validate keeps the store from being asked without a pause.
func (p Polling) Validate() error {
	if p.PollingInterval < time.Second {
		return fmt.Errorf("POLLING_INTERVAL: %s is too short, use at least 1s", p.PollingInterval)
	}
	return nil
}

// Spool says where results wait while the store is away.
type Spool struct {
	// SpoolDir is a folder that runners may share; blank means that results wait in memory.
	SpoolDir string `env:"SPOOL_DIR"`
}

// Prometheus says whether metrics can be scraped.
type Prometheus struct {
	// PrometheusEnable switches metrics on. Without it no port is opened.
	PrometheusEnable bool `env:"PROMETHEUS_ENABLE" envDefault:"false"`
	// PrometheusEnabled is another name for the same.
	PrometheusEnabled bool `env:"PROMETHEUS_ENABLED" envDefault:"false"`
	PrometheusPort    Port `env:"PROMETHEUS_PORT" envDefault:"8080"`
}

// On reports whether metrics are switched on, by either name.
func (p Prometheus) On() bool { return p.PrometheusEnable || p.PrometheusEnabled }

// API is the configuration of the API service.
type API struct {
	Mongo
	Auth
	CORS
	Port Port `env:"PORT" envDefault:"8000"`
}

// Validate checks the values that parsed.
func (c API) Validate() error { return c.Auth.Validate() }

// Runner is the configuration of the runner service.
type Runner struct {
	Mongo
	Polling
	Retention
	// UsePolling makes the runner poll where it could be told of changes.
	UsePolling bool `env:"USE_POLLING" envDefault:"false"`
	Spool
	Checks
	Alerts
	Prometheus
}

// Validate checks the values that parsed.
func (c Runner) Validate() error {
	return errors.Join(c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate())
}

// Frontend is the configuration of the frontend host.
type Frontend struct {
	Auth
	Port Port `env:"PORT" envDefault:"8001"`
	// APIEndpoint is where the page finds the API: a path on its own host or an absolute URL.
	APIEndpoint string `env:"API_ENDPOINT" envDefault:"/api"`
}

// Validate checks the values that parsed.
func (c Frontend) Validate() error { return c.Auth.Validate() }

// Standalone is the configuration of the three services in one process.
type Standalone struct {
	Auth
	CORS
	Polling
	Retention
	Spool
	Checks
	Alerts
	Prometheus
	APIPort      Port `env:"API_PORT" envDefault:"8000"`
	FrontendPort Port `env:"FRONTEND_PORT" envDefault:"8001"`
	// APIEndpoint is where the page finds the API; the page's own port serves it too.
	APIEndpoint string `env:"API_ENDPOINT" envDefault:"/api"`
	// DataDir is the folder of the database; it is made if it isn't there.
	DataDir string `env:"DATA_DIR" envDefault:"./data"`
}

// Validate checks the values that parsed.
func (c Standalone) Validate() error {
	return errors.Join(c.Auth.Validate(), c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate())
}
