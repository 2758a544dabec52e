package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// call sends a request to the API and returns the answer.
func (g *gen) call(api, method, path string, body any) []byte {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(err)
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, api+path, content)
	must(err)
	r.Header.Set("Authorization", "Bearer "+g.key)
	answer, err := http.DefaultClient.Do(r)
	must(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode >= 300 {
		log.Panicf("%s %s: %d %s", method, path, answer.StatusCode, data)
	}
	return data
}

// buffer is the log of a program.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// start starts a program.
func (g *gen) start(name string, env map[string]string) (*exec.Cmd, *buffer) {
	c := exec.Command(filepath.Join(g.bin, name))
	c.Dir, _ = os.MkdirTemp("", "gen")
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	b := &buffer{}
	c.Stdout, c.Stderr = b, b
	must(c.Start())
	return c, b
}

// await waits until a log matches the expression and returns the first group.
func await(b *buffer, expression string) string {
	re := regexp.MustCompile(expression)
	for range 3000 {
		if m := re.FindStringSubmatch(b.String()); m != nil {
			return m[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	log.Panicf("no %s in %s", expression, b.String())
	return ""
}

// stop stops a program and waits for its end.
func stop(c *exec.Cmd, b *buffer) {
	must(c.Process.Signal(syscall.SIGTERM))
	if err := c.Wait(); err != nil {
		log.Panicf("%v: %s", err, b)
	}
}

// live runs the programs, which check everything. It returns when they were started.
func (g *gen) live() (from time.Time) {
	w := &world{down: map[string]int{}}
	proxy := httptest.NewServer(w)
	defer proxy.Close()
	env := map[string]string{"HTTP_PROXY": proxy.URL, "ALERT_WEBHOOK_URL": "http://hooks.nanomon.test/ops", "AUTH_CLIENT_ID": "nanomon",
		"AUTH_ISSUER": "http://127.0.0.1:1", "ALERT_LINK_BASEURL": "http://nanomon.test"}
	var api string
	var end func()
	if g.kind == "sqlite" {
		maps.Copy(env, map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0", "DATA_DIR": g.dir})
		c, b := g.start("standalone", env)
		api = await(b, `msg=ready page=\S+ api=(\S+)/api`)
		end = func() { stop(c, b) }
	} else {
		maps.Copy(env, map[string]string{"PORT": "0", "MONGO_URI": g.uri, "MONGO_DB": "nanomon", "POLLING_INTERVAL": "1s"})
		a, ab := g.start("api", env)
		api = "http://localhost:" + await(ab, `msg=listening address=\S*:(\d+)`)
		r, rb := g.start("runner", env)
		end = func() { stop(r, rb); stop(a, ab) }
	}
	begin := time.Now()
	from = begin
	at := func(seconds int) { time.Sleep(time.Until(begin.Add(time.Duration(seconds) * time.Second))) }
	create := func(m map[string]any) string {
		var made struct{ ID string }
		must(json.Unmarshal(g.call(api, "POST", "/api/monitors", m), &made))
		return made.ID
	}
	shop := create(map[string]any{"name": "Shop", "type": "http", "interval": "2s", "target": "http://shop.nanomon.test/", "group": "Shop",
		"properties": map[string]string{"bodyRegex": `load (\d+)`}})
	create(map[string]any{"name": "Cart", "type": "http", "interval": "2s", "target": "http://cart.nanomon.test/", "group": "Shop",
		"properties": map[string]string{"dependsOn": shop}})
	create(map[string]any{"name": "Payments", "type": "http", "interval": "2s", "target": "http://payments.nanomon.test/pay", "rule": "status == 200 && respTime < 4000",
		"group": "Shop", "properties": map[string]string{"alertTo": "payments@example.org"}})
	quiet := create(map[string]any{"name": "Intranet", "type": "http", "interval": "5s", "target": "http://intranet.nanomon.test/", "properties": map[string]string{"keepAlive": "true"}})
	legacy := map[string]any{"name": "Legacy", "type": "tcp", "interval": "2s", "target": "127.0.0.1:1", "properties": map[string]string{"alertMute": "true"}}
	legacyID := create(legacy)
	g.call(api, "POST", "/api/maintenance", map[string]any{"name": "Move of the intranet", "monitors": []string{quiet}, "groups": []string{},
		"start": time.Now().Add(12 * time.Second).UTC(), "end": time.Now().Add(42 * time.Second).UTC()})
	g.call(api, "POST", "/api/maintenance", map[string]any{"name": "Weekly backup", "monitors": []string{}, "groups": []string{"Back office"},
		"weekly": map[string]any{"days": []string{"sunday"}, "at": "02:30", "duration": "1h", "zone": "Europe/Amsterdam"}})
	g.call(api, "POST", "/api/keys", map[string]any{"name": "grafana", "scope": "read"})
	at(10)
	w.set("payments.nanomon.test", 503)
	at(18)
	w.set("intranet.nanomon.test", -1)
	at(20)
	legacy["enabled"] = false
	g.call(api, "PUT", "/api/monitors/"+legacyID, legacy)
	at(24)
	w.set("payments.nanomon.test", 0)
	at(30)
	w.set("intranet.nanomon.test", 0)
	at(36)
	w.set("shop.nanomon.test", -1)
	at(37)
	w.set("cart.nanomon.test", -1)
	at(52)
	w.set("hooks.nanomon.test", 503)
	w.set("payments.nanomon.test", 503)
	at(136)
	end()
	log.Print("webhooks: ", w.got)
	return from
}
