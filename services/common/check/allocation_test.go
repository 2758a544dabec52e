package check_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"nanomon/services/common/check"
	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// serve answers every connection with body and allocates almost nothing for it.
func serve(t *testing.T, body string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	response := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	go func() {
		request := make([]byte, 4096)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(request)
			_, _ = conn.Write(response)
			conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// compile returns the check of an HTTP monitor.
func compile(t *testing.T, target, rule string) *check.Check {
	t.Helper()
	m := monitor.Monitor{Name: "name", Type: "http", Interval: "10s", Target: target, Rule: rule}
	c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// allocations returns the objects and bytes that one of many calls of run allocates.
func allocations(run func()) (objects, bytes float64) {
	const runs = 200
	run()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	objects = testing.AllocsPerRun(runs, run)
	runtime.ReadMemStats(&after)
	return objects, float64(after.TotalAlloc-before.TotalAlloc) / runs
}

func TestCheckAllocatesLittleMoreThanItsRequest(t *testing.T) {
	url := serve(t, "OK")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	bareObjects, bareBytes := allocations(func() {
		response, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	})
	c := compile(t, url, "status == 200 && respTime < 5000")
	objects, bytes := allocations(func() { runOK(t, c) })
	if objects > bareObjects+120 || bytes > 1.25*bareBytes {
		t.Errorf("a check allocates %.0f objects and %.0f bytes, its request %.0f and %.0f",
			objects, bytes, bareObjects, bareBytes)
	}
}

// The budget is far smaller than the body, so a check that keeps the body does not get the memory.
func TestBodyThatNobodyReadsIsNotKept(t *testing.T) {
	const size = 1 << 20
	url := serve(t, strings.Repeat("a", size))
	budget := memory.NewBudget(64 << 10)
	result, err := compile(t, url, "bodyLen == 1048576 && bodyTruncated == false").Run(budget.Context(t.Context()), nil)
	if err != nil || result.Status != monitor.StatusOK || result.Outputs["bodyLen"] != float64(size) {
		t.Errorf("got %+v, %v", result, err)
	}
	if _, err := compile(t, url, "body =~ 'b'").Run(budget.Context(t.Context()), nil); err == nil {
		t.Error("a rule that uses the body needs no memory for it")
	}
	c := compile(t, url, "status == 200")
	if _, bytes := allocations(func() { runOK(t, c) }); bytes > size/10 {
		t.Errorf("a check of a body of %d bytes allocates %.0f bytes", size, bytes)
	}
}

func runOK(t *testing.T, c *check.Check) {
	if result, err := c.Run(t.Context(), nil); err != nil || result.Status != monitor.StatusOK {
		t.Fatalf("got %+v, %v", result, err)
	}
}

// Without a rule that uses the body, only a match of bodyRegex is kept, which must not be a part of the body.
func TestMatchDoesNotKeepTheBody(t *testing.T) {
	const size, results = 1 << 20, 8
	m := monitor.Monitor{Name: "name", Type: "http", Interval: "10s", Target: serve(t, strings.Repeat("a", size)),
		Properties: map[string]string{"bodyRegex": "a{3}"}}
	c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	used := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	kept := make([]monitor.Result, results)
	before := used()
	for i := range kept {
		if kept[i], err = c.Run(t.Context(), nil); err != nil || kept[i].Outputs["regexMatch"] != "aaa" {
			t.Fatalf("got %+v, %v", kept[i], err)
		}
	}
	if grown := int64(used() - before); grown > results*size/4 {
		t.Errorf("%d results keep %d bytes in memory", results, grown)
	}
	runtime.KeepAlive(kept)
}
