package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync"
)

// world is an HTTP proxy. It answers for all targets and for the receiver of webhooks.
type world struct {
	mu sync.Mutex
	// down says by host how it answers: 0 is OK, 503 the status 503, and -1 closes the connection.
	down map[string]int
	got  []string
	n    int
}

// set changes how a host answers.
func (w *world) set(host string, how int) { w.mu.Lock(); w.down[host] = how; w.mu.Unlock() }

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	how := w.down[r.Host]
	w.n++
	n := w.n
	w.mu.Unlock()
	if r.Host == "hooks.nanomon.test" {
		body, _ := io.ReadAll(r.Body)
		if how == 0 {
			var m struct{ ID string }
			must(json.Unmarshal(body, &m))
			w.mu.Lock()
			w.got = append(w.got, m.ID)
			w.mu.Unlock()
			log.Print("webhook ", m.ID)
			return
		}
	}
	switch how {
	case -1:
		panic(http.ErrAbortHandler)
	case 503:
		rw.WriteHeader(503)
		fmt.Fprintf(rw, "check %d: overloaded", n)
	default:
		fmt.Fprintf(rw, "check %d: load %d", n, 20+n%30)
	}
}
