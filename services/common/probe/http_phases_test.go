package probe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// pause is how long a part of a response takes.
const pause = 20 * time.Millisecond

// phasesServer pauses in the first request, before the last response, or in its body, if the path says so.
func phasesServer(t *testing.T, secure bool) *httptest.Server {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pauseIn := func(part string) {
			if strings.Contains(r.URL.Path, part) {
				<-time.After(pause)
			}
		}
		if strings.Contains(r.URL.Path, "redirect") {
			pauseIn("redirect")
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		pauseIn("wait")
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		pauseIn("body")
	})
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = silentLog()
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// TestHTTPPhasesAddUp checks what docs/monitors.md says about the times of an HTTP check.
func TestHTTPPhasesAddUp(t *testing.T) {
	for _, secure := range []bool{false, true} {
		server := phasesServer(t, secure)
		for _, keepAlive := range []string{"false", "true"} {
			for _, path := range []string{"/", "/wait", "/body", "/redirect"} {
				p := newProbe(t, "http", server.URL+path, props{"keepAlive": keepAlive, "validateTLS": "false"})
				for run := range 2 {
					outcome := p.Run(t.Context())
					wantOK(t, "http", outcome)
					times := func(name string) float64 {
						number, ok := outcome.Outputs[name].(float64)
						if !ok {
							t.Errorf("%s is %v", name, outcome.Outputs[name])
						}
						return number
					}
					dns, connect, tls, wait := times("dnsTime"), times("connectTime"), times("tlsTime"), times("firstByteTime")
					rest := times("respTime") - dns - connect - tls - wait
					// The second request of a check with keepAlive uses the connection of the first one.
					reused := keepAlive == "true" && (run == 1 || path == "/redirect")
					if dns != 0 || (connect == 0) != reused || (tls == 0) != (reused || !secure) || rest < -0.005 {
						t.Errorf("%s, keepAlive %s, run %d: %v", server.URL+path, keepAlive, run, outcome.Outputs)
					}
					part, is := rest, path == "/body" || path == "/redirect"
					if path == "/wait" {
						part, is = wait, true
					}
					// On a busy machine, the program notices the end of the part before with a delay.
					if is && part < millis(pause)/4 {
						t.Errorf("%s, keepAlive %s: the pause of %s is not in its part: %v", path, keepAlive, pause, outcome.Outputs)
					}
				}
			}
		}
	}
}

// TestHTTPTimesOfFailedChecks checks which times a failed check has.
func TestHTTPTimesOfFailedChecks(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "abc")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	closed := listen(t, "127.0.0.1:0")
	closed.Close()
	all := []string{"dnsTime", "connectTime", "tlsTime", "firstByteTime", "respTime"}
	for target, want := range map[string]int{server.URL + "/head": 3, server.URL + "/body": 5, "http://" + closed.Addr().String(): 0} {
		outcome := runHTTP(t, target, props{"timeout": "300ms"})
		wantFailure(t, "http", outcome)
		for i, name := range all {
			if _, exists := outcome.Outputs[name]; exists != (i < want) {
				t.Errorf("%s: %s exists: %v, outputs %v", target, name, exists, outcome.Outputs)
			}
		}
	}
}
