package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

const signInIsOff = `msg="sign-in is off: everyone who reaches these addresses can change monitors"`

// checkLog fails the test unless the log contains every part.
func checkLog(t *testing.T, service *servicetest.Service, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(service.Log(), part) {
			t.Errorf("the log does not contain %s:\n%s", part, service.Log())
		}
	}
}

func TestStartIsLogged(t *testing.T) {
	folder := t.TempDir()
	const version = `msg="starting NanoMon" program=%s version=0.0.0 build="development build"`
	start := func(program string) string { return strings.ReplaceAll(version, "%s", program) }

	t.Run("standalone", func(t *testing.T) {
		service, api, page := servicetest.StandaloneWith(t, folder, map[string]string{
			"ALERT_SMTP_FROM": "a@example.org", "ALERT_SMTP_TO": "s3cret@example.org", "ALERT_SLACK_URL": "https://127.0.0.1:1/s3cret",
		})
		checkLog(t, service, start("standalone")+" channels=\"email, slack\" store=sqlite file="+filepath.Join(folder, "nanomon.db")+"\n",
			signInIsOff+" addresses=\"[::]:"+port(strings.TrimSuffix(api, "/api"))+", [::]:"+port(page)+"\" documentation=/docs/sign-in\n")
		if strings.Contains(service.Log(), "s3cret") {
			t.Errorf("the log shows a secret:\n%s", service.Log())
		}
	})
	t.Run("standalone with sign-in", func(t *testing.T) {
		service, _, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
			"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": oidctest.New(t).Issuer(),
		})
		checkLog(t, service, " channels=none store=sqlite ")
		if strings.Contains(service.Log(), "sign-in is off") {
			t.Errorf("sign-in is on, but the log says it is off:\n%s", service.Log())
		}
	})
	t.Run("frontend", func(t *testing.T) {
		service := servicetest.Start(t, "frontend", map[string]string{"PORT": "0"})
		service.Port(t)
		checkLog(t, service, start("frontend")+"\n")
	})
	t.Run("api and runner", func(t *testing.T) {
		db := mongotest.FerretDB(t)
		host := strings.TrimSuffix(strings.TrimPrefix(db.URI, "mongodb://"), "/")
		settings := map[string]string{"MONGO_URI": db.URI, "MONGO_DB": "monitoring"}
		server, _ := servicetest.API(t, settings)
		checkLog(t, server, start("api")+" store=mongodb hosts="+host+" database=monitoring\n",
			signInIsOff+" addresses=[::]:"+server.Port(t)+" documentation=/docs/sign-in\n")
		runner, _ := servicetest.Runner(t, settings)
		checkLog(t, runner, start("runner")+" channels=none store=mongodb hosts="+host+" database=monitoring\n")
	})
}

func TestSuccessfulReadsAreLoggedOnlyAtDebugLevel(t *testing.T) {
	read := func(level string) *servicetest.Service {
		service, api, page := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{"LOG_LEVEL": level})
		servicetest.Call(t, http.MethodGet, api+"/monitors", nil)
		servicetest.Call(t, http.MethodGet, page+"/", nil)
		servicetest.Call(t, http.MethodGet, api+"/monitors/nothing", nil)
		servicetest.Create(t, api, newMonitor("m", "tcp", "127.0.0.1:1", nil, ""))
		servicetest.Eventually(t, "the last request in the log", func() bool { return strings.Contains(service.Log(), "method=POST path=/api/monitors ") })
		return service
	}
	failed, created := "level=INFO msg=request request_id=", "method=POST path=/api/monitors status=200"
	atInfo := read("info")
	checkLog(t, atInfo, failed, created, "path=/api/monitors/nothing status=400")
	if strings.Contains(atInfo.Log(), "method=GET path=/api/monitors status=200") || strings.Contains(atInfo.Log(), "level=DEBUG") {
		t.Errorf("a successful read is in the log:\n%s", atInfo.Log())
	}
	atDebug := read("Debug")
	checkLog(t, atDebug, "method=GET path=/api/monitors status=200", "method=GET path=/ status=200", created)
}
