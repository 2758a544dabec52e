package config_test

import (
	"slices"
	"testing"

	"nanomon/services/common/config"
)

func TestUnusedVariables(t *testing.T) {
	unknown := func(name, nearest string) config.Unused {
		return config.Unused{Name: name, Reason: "unknown; did you mean " + nearest + "?"}
	}
	for name, c := range map[string]struct {
		program     string
		environment []string
		want        []config.Unused
	}{
		"all used": {"standalone", []string{"ALERT_SMTP_TO", "ALERT_SMTP_FROM", "DATA_DIR", "PROMETHEUS_PORT", "ALERT_SLACK_URL", "SPOOL_DIR", "LOG_LEVEL"}, nil},
		"recipient without a sender": {"standalone", []string{"ALERT_SMTP_TO"}, []config.Unused{
			{Name: "ALERT_SMTP_TO", Reason: "ALERT_SMTP_FROM is not set"},
		}},
		"sender without a recipient": {"runner", []string{"ALERT_SMTP_FROM"}, []config.Unused{
			{Name: "ALERT_SMTP_FROM", Reason: "ALERT_SMTP_TO is not set"},
		}},
		"misspelt": {"runner", []string{"ALERT_SMPT_TO", "RESULT_RETENTON", "POLLING_INTERVALL", "HEALTHFILE", "DATADIR", "AUTH_CLIENTID", "MONGODB_URI"}, []config.Unused{
			unknown("ALERT_SMPT_TO", "ALERT_SMTP_TO"), unknown("AUTH_CLIENTID", "AUTH_CLIENT_ID"), unknown("DATADIR", "DATA_DIR"),
			unknown("HEALTHFILE", "HEALTH_FILE"), unknown("MONGODB_URI", "MONGO_URI"), unknown("POLLING_INTERVALL", "POLLING_INTERVAL"), unknown("RESULT_RETENTON", "RESULT_RETENTION"),
		}},
		"unknown, with a prefix of ours": {"api", []string{"MONGO_REPLICAS_AND_MORE", "AUTH_X"}, []config.Unused{
			{Name: "AUTH_X", Reason: "unknown"}, {Name: "MONGO_REPLICAS_AND_MORE", Reason: "unknown"},
		}},
		"of three other programs": {"runner", []string{"AUTH_CLIENT_ID"}, []config.Unused{
			{Name: "AUTH_CLIENT_ID", Reason: "runner does not use it, only api, frontend and standalone do", Shared: true},
		}},
		"of runner and api, for standalone": {"standalone", []string{"MONGO_URI", "HEALTH_FILE"}, []config.Unused{
			{Name: "HEALTH_FILE", Reason: "standalone does not use it, only runner does"},
			{Name: "MONGO_URI", Reason: "standalone does not use it, only api and runner do"},
		}},
		"of other programs that may share a file": {"api", []string{"MONGO_URI", "USE_POLLING", "ALERT_SMTP_TO", "DATA_DIR", "API_ENDPOINT"}, []config.Unused{
			{Name: "ALERT_SMTP_TO", Reason: "api does not use it, only runner and standalone do", Shared: true},
			{Name: "API_ENDPOINT", Reason: "api does not use it, only frontend and standalone do", Shared: true},
			{Name: "DATA_DIR", Reason: "api does not use it, only standalone does"},
			{Name: "USE_POLLING", Reason: "api does not use it, only runner does", Shared: true},
		}},
		"of other software": {"runner", []string{
			"PORT", "PATH", "HOME", "HOST", "USER", "USE_TLS", "DATA_PATH", "LOG_FILE", "TARGET_ARCH", "RESULT_DIR", "HEALTH_URL", "API_TOKEN", "MONGO_INITDB_ROOT_USERNAME",
			"NANOMON_API_SERVICE_HOST", "NANOMON_API_PORT", "API_SERVICE_HOST", "API_SERVICE_PORT", "API_SERVICE_PORT_HTTP", "API_PORT", "API_PORT_8000_TCP",
			"MONGODB_PASSWORD", "MONGO_SERVICE_HOST", "MONGO_PORT", "MONGO_PORT_27017_TCP_ADDR", "PROMETHEUS_SERVICE_HOST", "PROMETHEUS_SERVICE_PORT",
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			environment := make(map[string]string)
			for _, variable := range c.environment {
				environment[variable] = "value"
			}
			if got := config.FindUnused(c.program, environment, nil); !slices.Equal(got, c.want) {
				t.Errorf(" got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestSecretsOfMonitorsAreNotUnused(t *testing.T) {
	environment := map[string]string{"SECRETS_ALLOW": "file:/run/secrets/, env:API_KEY env:ALERT_X", "API_KEY": "value", "ALERT_X": "value", "API_KEYS": "value"}
	want := []config.Unused{{Name: "API_KEYS", Reason: "unknown"}}
	if got := config.FindUnused("runner", environment, nil); !slices.Equal(got, want) {
		t.Errorf(" got %+v\nwant %+v", got, want)
	}
}

func TestMongoHosts(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://localhost:27017": "localhost:27017",
		"mongodb://db":              "db",
		"mongodb://nanomon:s3cret@a:1,b:2/?replicaSet=rs0":            "a:1,b:2",
		"mongodb://nanomon:p%40s3cret@a/nanomon":                      "a",
		"mongodb+srv://nanomon:s3cret@db.example.org?tls=true":        "db.example.org",
		"mongodb://db?appName=@x@":                                    "unknown",
		"mongodb://nanomon:s3/cret@db.example.org":                    "unknown",
		"mongodb://nanomon:s3cret@[::1]:27017/?authSource=$external@": "[::1]:27017",
	} {
		if got := (config.Mongo{MongoURI: uri}).Hosts(); got != want {
			t.Errorf("%s: got %q, want %q", uri, got, want)
		}
	}
}

func TestPortInFileIsUnused(t *testing.T) {
	environment := map[string]string{"PORT": "80"}
	want := []config.Unused{{Name: "PORT", Reason: "standalone does not use it, only api and frontend do"}}
	if got := config.FindUnused("standalone", environment, environment); !slices.Equal(got, want) {
		t.Errorf(" got %+v\nwant %+v", got, want)
	}
	if got := config.FindUnused("api", environment, environment); got != nil {
		t.Errorf("got %+v for a program that uses it", got)
	}
}
