package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Port is a TCP port, 1 to 65535; 0 lets the system choose a free one.
type Port int

// UnmarshalText parses a port.
func (p *Port) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil {
		return fmt.Errorf("%q is not a port: use a number from 1 to 65535", text)
	}
	*p = Port(n)
	return nil
}

// SQLite configures the embedded database.
//
// # Database
type SQLite struct {
	// Folder of the database file, `nanomon.db`. It is created if it does not exist.
	DataDir string `env:"DATA_DIR" envDefault:"./data"`
}

// Validate implements [Validator]. A command that uses only the database parses this part alone, so that it works while
// other settings are wrong.
func (SQLite) Validate() []Fault { return nil }

// Mongo configures the connection to the MongoDB server.
//
// # Database
type Mongo struct {
	// Connection string of the MongoDB server. NanoMon reads from the primary only and ignores `readPreference`.
	// **Secret** if it contains a password.
	MongoURI string `env:"MONGO_URI" envDefault:"mongodb://localhost:27017"`
	// Name of the database on that server.
	MongoDB string `env:"MONGO_DB" envDefault:"nanomon"`
	// How long to wait for the server at the start, before the program gives up.
	MongoTimeout time.Duration `env:"MONGO_TIMEOUT" envDefault:"30s"`
}

// Validate checks the form of the connection string, which it does not show.
func (m Mongo) Validate() []Fault {
	if !strings.HasPrefix(m.MongoURI, "mongodb://") && !strings.HasPrefix(m.MongoURI, "mongodb+srv://") {
		return []Fault{{"MONGO_URI", "is not the address of a MongoDB server: use for example mongodb://localhost:27017"}}
	}
	return nil
}

// Hosts returns the hosts of the connection string, without user name, password and options.
func (m Mongo) Hosts() string {
	_, rest, _ := strings.Cut(m.MongoURI, "://")
	hosts := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		hosts = rest[:end]
	}
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		return hosts[at+1:]
	}
	if strings.Contains(rest, "@") {
		return "unknown" // a password with a slash or a question mark in it would be cut in two
	}
	return hosts
}

// Polling configures how often the monitors are read from a database without change streams.
//
// # Database
type Polling struct {
	// How often to read the monitors from a database that can't report changes. At least `1s`.
	PollingInterval time.Duration `env:"POLLING_INTERVAL" envDefault:"10s"`
}

// Validate checks that the store is not queried all the time.
func (p Polling) Validate() []Fault {
	if p.PollingInterval < time.Second {
		return []Fault{{"POLLING_INTERVAL", "is too short: use at least 1s"}}
	}
	return nil
}

// ChangeStreams configures whether the change streams of a MongoDB server are used.
//
// # Database
type ChangeStreams struct {
	// Read the monitors every `POLLING_INTERVAL` even if the MongoDB server has change streams.
	UsePolling bool `env:"USE_POLLING" envDefault:"false"`
}

// Spool configures where results wait while the store is unavailable.
//
// # Database
type Spool struct {
	// Folder for results that wait while the database is unavailable. If unset, they wait in memory. If runners share the
	// folder, they also store the results that a stopped runner has left there. A runner with a folder also stops checking
	// monitors that bring it down again and again; `standalone` uses its data folder for that if this is unset.
	SpoolDir string `env:"SPOOL_DIR"`
}

// Prometheus configures the metrics of the runner.
//
// # Metrics
//
// [metrics.md](metrics.md) lists the metrics and explains how to set up Prometheus.
type Prometheus struct {
	// Serve metrics at `/metrics` on `PROMETHEUS_PORT`. If `false`, that port is not opened.
	PrometheusEnable bool `env:"PROMETHEUS_ENABLE" envDefault:"false"`
	// Another name for `PROMETHEUS_ENABLE`. Setting one of them is enough.
	PrometheusEnabled bool `env:"PROMETHEUS_ENABLED" envDefault:"false"`
	// Port of the metrics. 0 picks a free port.
	PrometheusPort Port `env:"PROMETHEUS_PORT" envDefault:"8080"`
}

// On reports whether metrics are switched on, by either name.
func (p Prometheus) On() bool { return p.PrometheusEnable || p.PrometheusEnabled }

// Health configures how the command `health` finds out whether the runner works.
//
// # Health
//
// Each program has the command `health`, for example `api health`. Run it on the same machine with the same settings as
// the program that it checks. It exits with 0 if that program works. Otherwise it prints the reason in one line and
// exits with 1.
//
// `api`, `frontend` and `standalone` are checked on their ports, so these must not be 0. The command does not check the
// database; use `/api/health` for that.
type Health struct {
	// File that the runner touches every five seconds while it works. `runner health` checks the age of this file, because
	// the runner has no port. If unset, no file is written and `runner health` fails.
	HealthFile string `env:"HEALTH_FILE"`
}

// Page configures the page.
//
// # Addresses
type Page struct {
	// Address of the API for the browser: a path on the page's own host name, or an absolute URL.
	APIEndpoint string `env:"API_ENDPOINT" envDefault:"/api"`
}

// Validate checks that a browser can use the address of the API.
func (p Page) Validate() []Fault {
	if strings.HasPrefix(p.APIEndpoint, "/") && !strings.HasPrefix(p.APIEndpoint, "//") {
		return nil
	}
	if _, err := webAddress(p.APIEndpoint); err != nil {
		return []Fault{{
			"API_ENDPOINT", "is neither a path nor a URL: use for example /api or https://nanomon.example.org/api",
		}}
	}
	return nil
}

// Proxies configures which reverse proxies the API trusts.
//
// # Addresses
type Proxies struct {
	// Addresses and ranges of the reverse proxies in front of the API, separated by commas or spaces, for example
	// `10.0.0.0/8`. The API takes the address of a client from `X-Forwarded-For` only if the request comes from one of
	// them, and uses it to limit the event streams, the pings and the passwords of status pages of each client. If unset,
	// everyone behind a proxy counts as one client.
	TrustedProxies Networks `env:"TRUSTED_PROXIES"`
}

// API is the configuration of the program api.
//
// # Addresses
type API struct {
	Mongo
	Auth
	CORS
	Proxies
	// Port to listen on. 0 picks a free port.
	Port Port `env:"PORT" envDefault:"8000"`
	Log
}

// Validate implements [Validator].
func (c API) Validate() []Fault { return slices.Concat(c.Mongo.Validate(), c.Auth.Validate()) }

// Runner is the configuration of the program runner.
type Runner struct {
	Mongo
	Polling
	Retention
	ChangeStreams
	Spool
	Checks
	Alerts
	Links
	Prometheus
	Log
	Health
}

// Validate implements [Validator].
func (c Runner) Validate() []Fault {
	return slices.Concat(
		c.Mongo.Validate(), c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate(), c.Links.Validate(),
	)
}

// Frontend is the configuration of the program frontend, which serves the page.
//
// # Addresses
type Frontend struct {
	Auth
	Page
	// Port to listen on. 0 picks a free port.
	Port Port `env:"PORT" envDefault:"8001"`
	Log
}

// Validate implements [Validator].
func (c Frontend) Validate() []Fault { return slices.Concat(c.Auth.Validate(), c.Page.Validate()) }

// Standalone is the configuration of the program standalone: API, runner and page in one process.
//
// # Addresses
type Standalone struct {
	// Port of the API. 0 picks a free port.
	APIPort Port `env:"API_PORT" envDefault:"8000"`
	// Port of the page, which also serves the API below `/api`. 0 picks a free port.
	FrontendPort Port `env:"FRONTEND_PORT" envDefault:"8001"`
	Page
	SQLite
	Polling
	Retention
	Spool
	Auth
	CORS
	Proxies
	Checks
	Alerts
	OwnLinks
	Prometheus
	Log
}

// HostNames returns the allowed host names, including the hosts of the page and of the API.
func (c Standalone) HostNames() []string {
	return append(c.CORS.HostNames(), hostOf(c.AlertLinkBase), hostOf(c.APIEndpoint))
}

// Validate implements [Validator].
func (c Standalone) Validate() []Fault {
	return slices.Concat(
		c.Page.Validate(), c.Auth.Validate(), c.Polling.Validate(), c.Retention.Validate(), c.Alerts.Validate(),
		c.OwnLinks.Validate(),
	)
}
