package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"nanomon/services/api/server"
	"nanomon/services/common/config"
	"nanomon/services/common/probe"
)

// recorded is an answer of the API.
type recorded struct {
	Path   string          `json:"path"`
	Answer json.RawMessage `json:"answer"`
}

// drop removes members that change later.
func drop(v any, names ...string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			drop(e, names...)
		}
	case map[string]any:
		for _, n := range names {
			delete(v, n)
		}
	}
}

// record writes answers.json.
func (g *gen) record(from time.Time) {
	s, done := g.open()
	defer done()
	h := server.New(server.Config{Auth: config.Auth{AuthClientID: "nanomon", AuthTenant: "common", AuthIssuer: "http://127.0.0.1:1"}}, s,
		probe.All(probe.Guard{}), slog.New(slog.DiscardHandler)).Handler()
	get := func(path string) any {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+g.key)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != 200 {
			log.Panicf("%s: %d %s", path, rec.Code, rec.Body)
		}
		var v any
		d := json.NewDecoder(rec.Body)
		d.UseNumber()
		must(d.Decode(&v))
		return v
	}
	type file struct {
		AdminKey string     `json:"adminKey"`
		Pending  string     `json:"pending"`
		Answers  []recorded `json:"answers"`
		// Current are answers that change as soon as a runner starts.
		Current []recorded `json:"current"`
	}
	f := file{AdminKey: g.key}
	keep := func(into *[]recorded, path string, v any) {
		data, err := json.Marshal(v)
		must(err)
		*into = append(*into, recorded{path, data})
	}
	monitors := get("/api/monitors").([]any)
	keep(&f.Answers, "/api/monitors", monitors)
	windows := get("/api/maintenance")
	drop(windows, "active", "next")
	keep(&f.Answers, "/api/maintenance", windows)
	keys := get("/api/keys")
	drop(keys, "lastUsed")
	keep(&f.Answers, "/api/keys", keys)
	alerts := get("/api/alerts?max=1000").([]any)
	for _, a := range alerts {
		a := a.(map[string]any)
		if a["next"] != nil {
			if f.Pending != "" {
				log.Panic("two pending")
			}
			f.Pending = a["id"].(string)
			keep(&f.Current, "/api/alerts?max=1000", []any{maps.Clone(a)})
			drop(a, "next", "attempts", "deliveries")
		}
	}
	if f.Pending == "" {
		log.Panic("none pending")
	}
	keep(&f.Answers, "/api/alerts?max=1000", alerts)
	end := time.Now().UTC().Truncate(time.Second)
	hour := end.Truncate(time.Hour)
	day := end.Truncate(24 * time.Hour)
	stamp := func(t time.Time) string { return url.QueryEscape(t.UTC().Format(time.RFC3339)) }
	for _, m := range monitors {
		m := m.(map[string]any)
		id := m["id"].(string)
		path := "/api/monitors/" + id
		spans := [][2]time.Time{{from.Truncate(time.Minute).Add(time.Minute), from.Truncate(time.Minute).Add(2 * time.Minute)}}
		switch m["name"] {
		case "Archive":
			spans = [][2]time.Time{{day.AddDate(0, 0, -16), day}, {day.AddDate(0, 0, -9), day.AddDate(0, 0, -1)}}
		case "Docs":
			spans = [][2]time.Time{{hour.Add(-30 * time.Hour), hour}, {hour.Add(-3 * time.Hour), hour}}
		}
		for _, s := range spans {
			p := path + "/stats?from=" + stamp(s[0]) + "&to=" + stamp(s[1])
			keep(&f.Answers, p, get(p))
		}
		p := path + "/results?max=1000&to=" + stamp(end)
		keep(&f.Answers, p, get(p))
		p = path + "?include=latest,history"
		if m["enabled"] == false {
			keep(&f.Answers, p, get(p))
		} else {
			keep(&f.Current, p, get(p))
		}
	}
	var text bytes.Buffer
	// One answer a line.
	enc := func(v any) string { b, err := json.Marshal(v); must(err); return string(b) }
	fmt.Fprintf(&text, "{\n\"adminKey\": %s,\n\"pending\": %s,\n", enc(f.AdminKey), enc(f.Pending))
	list := func(name string, rs []recorded, after string) {
		fmt.Fprintf(&text, "%q: [\n", name)
		for i, r := range rs {
			comma := ","
			if i == len(rs)-1 {
				comma = ""
			}
			fmt.Fprintf(&text, "{\"path\": %q, \"answer\": %s}%s\n", r.Path, r.Answer, comma)
		}
		fmt.Fprintf(&text, "]%s\n", after)
	}
	list("answers", f.Answers, ",")
	list("current", f.Current, "")
	text.WriteString("}\n")
	must(os.WriteFile(filepath.Join(g.out, "answers.json"), text.Bytes(), 0o644))
}
