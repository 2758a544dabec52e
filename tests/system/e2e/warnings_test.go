package e2e

import (
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/servicetest"
	"nanomon/tests/support/smtptest"
)

// A warning causes one e-mail, however long it lasts and also after a crash. It is no incident.
func TestWarningIsNotifiedOnce(t *testing.T) {
	t.Parallel()
	mails, folder := smtptest.Start(t), t.TempDir()
	settings := mails.Settings()
	settings["ALERT_WARNINGS"] = "email"
	process, api, _ := servicetest.StandaloneWith(t, folder, settings)
	f := &fixture{api: api, mails: mails, target: servicetest.NewSwitchableTarget(t)}
	m := f.target.Monitor("Shop", "/")
	m.Properties = map[string]string{monitor.Warn: "respTime > 0"}
	f.monitor = servicetest.Create(t, api, m)
	mail := mails.Wait(t, 1)[0]
	if mail.Subject != "[NanoMon] Shop has a warning" || !strings.Contains(mail.Text, "Warning: respTime > 0") {
		t.Errorf("subject %q, text\n%s", mail.Subject, mail.Text)
	}
	f.waitForSent(t, "warning")

	process.Kill(t)
	_, f.api, _ = servicetest.StandaloneWith(t, folder, settings)
	servicetest.WaitForResults(t, f.api, 4, f.monitor.ID)
	f.checkNoFurtherMail(t)
	f.checkKinds(t, store.KindWarning, store.KindTest)
	if _, body := servicetest.Call(t, "GET", f.api+"/incidents", nil); strings.TrimSpace(string(body)) != "[]" {
		t.Errorf("incidents %s", body)
	}
}
