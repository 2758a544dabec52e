package config_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"nanomon/services/common/config"
)

func TestDefaults(t *testing.T) {
	runner, err := config.Parse[config.Runner](map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if runner.MongoURI != "mongodb://localhost:27017" || runner.MongoDB != "nanomon" || runner.MongoTimeout != 30*time.Second ||
		runner.PollingInterval != 10*time.Second || runner.ResultRetention != 720*time.Hour || runner.RollupRetention != 9600*time.Hour {
		t.Errorf("the runner's defaults are %+v", runner)
	}
	if runner.On() || runner.PrometheusPort != 8080 {
		t.Errorf("metrics are on: %t, on port %d", runner.On(), runner.PrometheusPort)
	}
	standalone, err := config.Parse[config.Standalone](map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if standalone.APIPort != 8000 || standalone.FrontendPort != 8001 || standalone.DataDir != "./data" || standalone.APIEndpoint != "/api" {
		t.Errorf("standalone's defaults are %+v", standalone)
	}
}

func TestValuesAreRead(t *testing.T) {
	c, err := config.Parse[config.Standalone](map[string]string{
		"API_PORT": "0", "FRONTEND_PORT": "65535", "DATA_DIR": "/somewhere", "POLLING_INTERVAL": "1m30s", "RESULT_RETENTION": "48h",
		"SPOOL_DIR": "/spool",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.APIPort != 0 || c.FrontendPort != 65535 || c.DataDir != "/somewhere" || c.PollingInterval != 90*time.Second || c.ResultRetention != 48*time.Hour ||
		c.SpoolDir != "/spool" {
		t.Errorf("read %+v", c)
	}
}

func TestEitherNameSwitchesMetricsOn(t *testing.T) {
	for _, name := range []string{"PROMETHEUS_ENABLE", "PROMETHEUS_ENABLED"} {
		c, err := config.Parse[config.Runner](map[string]string{name: "true", "PROMETHEUS_PORT": "9100"})
		if err != nil || !c.On() || c.PrometheusPort != 9100 {
			t.Errorf("%s: %+v, %v", name, c.Prometheus, err)
		}
	}
}

func TestFaultsNameTheSetting(t *testing.T) {
	for _, c := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{"POLLING_INTERVAL": "abc"}, `POLLING_INTERVAL "abc" is not a duration: use for example 10s or 720h`},
		{map[string]string{"POLLING_INTERVAL": "-3s"}, `POLLING_INTERVAL "-3s" is not a duration: use for example 10s or 720h`},
		{map[string]string{"POLLING_INTERVAL": "3ms"}, `POLLING_INTERVAL "3ms" is too short: use at least 1s`},
		{map[string]string{"API_PORT": "http"}, `API_PORT "http" is not a port: use a number from 1 to 65535`},
		{map[string]string{"FRONTEND_PORT": "65536"}, `FRONTEND_PORT "65536" is not a port: use a number from 1 to 65535`},
		{map[string]string{"API_PORT": "x", "RESULT_RETENTION": "30"}, `API_PORT "x" is not a port: use a number from 1 to 65535` + "\n" + `RESULT_RETENTION "30" is not a duration: use for example 10s or 720h`},
		{map[string]string{"RESULT_RETENTION": "1h"}, `RESULT_RETENTION "1h" is too short: use at least 2h`},
		{map[string]string{"ROLLUP_RETENTION": "3h"}, `ROLLUP_RETENTION "3h" is shorter than RESULT_RETENTION: use at least 720h`},
		{map[string]string{"HOUR_RETENTION": "71h", "RESULT_RETENTION": "2h"}, `HOUR_RETENTION "71h" is too short: use at least 72h`},
		{map[string]string{"HOUR_RETENTION": "719h"}, `HOUR_RETENTION "719h" is too short: use at least 720h`},
		{map[string]string{"HOUR_RETENTION": "9601h"}, `HOUR_RETENTION "9601h" is longer than ROLLUP_RETENTION: use at most 9600h`},
		{map[string]string{"POLLING_INTERVAL": "3ms", "RESULT_RETENTION": "1h"}, `POLLING_INTERVAL "3ms" is too short: use at least 1s` + "\n" + `RESULT_RETENTION "1h" is too short: use at least 2h`},
		// Values that can't be parsed and values out of range are reported together; a value that can't be parsed has no
		// range.
		{map[string]string{"POLLING_INTERVAL": "x", "RESULT_RETENTION": "1h", "ALERT_SMTP_PORT": "y", "API_ENDPOINT": "z"}, `ALERT_SMTP_PORT "y" is not a port: use a number from 1 to 65535` + "\n" +
			`API_ENDPOINT "z" is neither a path nor a URL: use for example /api or https://nanomon.example.org/api` + "\n" +
			`POLLING_INTERVAL "x" is not a duration: use for example 10s or 720h` + "\n" + `RESULT_RETENTION "1h" is too short: use at least 2h`},
		// The setting at fault may be unset.
		{map[string]string{"RESULT_RETENTION": "9600h30m"}, `ROLLUP_RETENTION "9600h" is shorter than RESULT_RETENTION: use at least 9600h30m`},
	} {
		_, err := config.Parse[config.Standalone](c.environment)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v:\n got %v\nwant %s", c.environment, err, c.want)
		}
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, ".env", "DATA_DIR=/from-file\nAPI_PORT=1\n")
	t.Setenv("API_PORT", "2")
	t.Setenv("FRONTEND_PORT", "")
	environment, _, err := config.Environment()
	if err != nil {
		t.Fatal(err)
	}
	if environment["DATA_DIR"] != "/from-file" || environment["API_PORT"] != "2" {
		t.Errorf("DATA_DIR is %q, API_PORT is %q", environment["DATA_DIR"], environment["API_PORT"])
	}
	if _, set := environment["FRONTEND_PORT"]; set {
		t.Error("a variable that is set to nothing counts as set")
	}
}

func TestAMalformedFileIsReported(t *testing.T) {
	t.Chdir(t.TempDir())
	for content, line := range map[string]int{
		"s3cret\n":                         1,
		"A=1\r\nB-C=s3cret\r\n":            2,
		"A=1\n\n# comment\ns3cret\nC=2":    4,
		"A='1\n2'\nB=\"s3cret\nC=3\nD=4\n": 3,
	} {
		writeFile(t, ".env", content)
		want := fmt.Sprintf("line %d of the file .env is not of the form NAME=value", line)
		if _, _, err := config.Environment(); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", content, err, want)
		}
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
