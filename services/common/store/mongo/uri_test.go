package mongo

import (
	"strings"
	"testing"
	"time"
)

// TestURIWithMechanism checks that the error of a connection string with an authentication mechanism is about what is
// wrong, and not about the user name that is deleted from the string in the error.
func TestURIWithMechanism(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://user:hun/ter2@localhost/?authMechanism=SCRAM-SHA-256":                             "percent-encoded",
		"mongodb://user:hunter2%zz@localhost/?authMechanism=SCRAM-SHA-1&authSource=admin":            "percent-encoded",
		"mongodb://user:hunter2@localhost/?authMechanism=SCRAM-SHA-256&tls=true&tlsCAFile=none.pem":  "none.pem: no such file",
		"mongodb://user:hunter2@localhost/?authMechanism=PLAIN&tls=true&tlsCertificateKeyFile=x.pem": "x.pem: no such file",
		"mongodb://user:hunter2@localhost/?authMechanism=SCRAM-SHA-256&maxPoolSize=many":             "maxPoolSize",
		"mongodb://user@localhost/?authMechanism=SCRAM-SHA-256":                                      "password",
		"mongodb://localhost/?authMechanism=SCRAM-SHA-256":                                           "username",
		"mongodb+srv://user:hunter2%zz@db.nanomon.test/?retryWrites=true":                            "percent-encoded",
		"mongodb+srv://user:hun@ter2@db.nanomon.test/?authMechanism=SCRAM-SHA-256":                   "percent-encoded",
		"mongodb+srv://db.nanomon.test/?authMechanismProperties=AWS_SESSION_TOKEN:hun@ter2":          "percent-encoded",
		"mongodb://user:hunter2@localhost/?authMechanism=HUNTER":                                     "invalid auth mechanism",
	} {
		_, err := Open(t.Context(), Config{URI: uri, Database: "x", Timeout: time.Second})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that contains %q", uri, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: the error shows the password: %v", uri, err)
		}
	}
}
