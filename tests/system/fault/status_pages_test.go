package fault

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/tests/support/crowd"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

var minute = flag.Bool("minute", false, "kill the store of status pages for a minute, under 500 requests per second")

// oldAfter is the time without the store after which a status page says that it is old.
const oldAfter = 10 * time.Second

// TestStatusPageStaysUpWhileStoreIsUnavailable kills the database server while people read a status page. Each answer must
// be 200. The page must say that it is old while it is, and no longer when it is current again.
func TestStatusPageStaysUpWhileStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	rate, downtime := 100, oldAfter+8*time.Second
	if *minute {
		rate, downtime = 500, time.Minute
	}
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	servicetest.Runner(t, settings)
	servicetest.NewTarget(t).ImportMonitors(t, api, 3, "1s")
	root := strings.TrimSuffix(api, "/api")
	createShopPage(t, api, root)

	visits := startVisits(t, root, rate)
	observe(2 * time.Second)
	killed := time.Now()
	server.Kill()
	observe(downtime)
	restarted := time.Now()
	server.Restart()
	servicetest.Eventually(t, "a current page", func() bool {
		latest, ok := visits.latestPage()
		return ok && latest.sent.After(restarted) && !latest.old
	})
	current := time.Now()
	observe(2 * time.Second)
	visits.stop()

	visits.check(t, rate, time.Since(killed)+2*time.Second)
	first := visits.firstOld()
	t.Logf("old %s after the kill, current %s after the restart", first.Sub(killed).Round(time.Millisecond),
		current.Sub(restarted).Round(time.Millisecond))
	// The content may have been confirmed for the last time some seconds before the kill.
	if delay := first.Sub(killed); delay < oldAfter/2 || delay > oldAfter+5*time.Second {
		t.Errorf("the page says that it is old %s after the kill, want about %s", delay, oldAfter)
	}
	// Another answer may be rendered a moment later.
	if n := visits.countOld(false, first.Add(time.Second), restarted); n > 0 {
		t.Errorf("%d answers don't say that they are old", n)
	}
	if n := visits.countOld(true, current.Add(time.Second), time.Now()); n > 0 {
		t.Errorf("%d answers say that they are old after the page was current again", n)
	}
}

// createShopPage creates a status page with all monitors and waits until it shows that they are OK.
func createShopPage(t *testing.T, api, root string) {
	t.Helper()
	section := statuspage.Section{Title: "Shop"}
	for i, m := range servicetest.Get[[]monitor.Monitor](t, api+"/monitors") {
		section.Entries = append(section.Entries, statuspage.Entry{ID: fmt.Sprintf("%08x", i), Name: "Part of the shop", Monitor: m.ID})
	}
	servicetest.CreateStatusPage(t, api, statuspage.Page{
		Slug: "shop", Title: "Shop", Sections: []statuspage.Section{section}, Show: statuspage.Show{Uptime: true, Incidents: true},
	})
	servicetest.Eventually(t, "the status page", func() bool {
		status, body := servicetest.Call(t, http.MethodGet, root+"/status/shop", nil)
		return status == http.StatusOK && strings.Contains(string(body), "All systems operational")
	})
}

// visit is an answer to a request for the page or its badge.
type visit struct {
	sent     time.Time
	duration time.Duration
	isBadge  bool
	// old reports whether the answer says that it is old. A badge never does.
	old bool
	err error
}

// visits records the answers to people who read the page as HTML and JSON, and a badge.
type visits struct {
	stop func()

	mu  sync.Mutex
	all []visit
}

// startVisits sends requests at a rate per second until stop is called.
func startVisits(t *testing.T, root string, rate int) *visits {
	t.Helper()
	const connections = 24
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	paths := []string{"/status/shop", "/status/shop.json", "/badges/shop/00000000/status.svg"}
	ctx, cancel := context.WithCancel(t.Context())
	v := &visits{}
	var running sync.WaitGroup
	running.Go(func() {
		crowd.Run(ctx, rate, connections, func(i int, _ time.Time) {
			v.record(read(client, root+paths[i%len(paths)]))
		})
	})
	v.stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(v.stop)
	return v
}

// read requests the page or a badge.
func read(client *http.Client, url string) visit {
	v := visit{sent: time.Now(), isBadge: strings.HasSuffix(url, ".svg")}
	response, err := client.Get(url)
	if err != nil {
		v.err = err
		return v
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	v.duration, v.err = time.Since(v.sent), err
	if err == nil && response.StatusCode != http.StatusOK {
		v.err = fmt.Errorf("GET %s: %s: %s", url, response.Status, body)
	}
	v.old = strings.Contains(string(body), "Not updated since") || strings.Contains(string(body), `"since":`)
	return v
}

func (v *visits) record(one visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.all = append(v.all, one)
}

// latestPage returns the latest answer that was no badge.
func (v *visits) latestPage() (visit, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := len(v.all) - 1; i >= 0; i-- {
		if !v.all[i].isBadge {
			return v.all[i], true
		}
	}
	return visit{}, false
}

// check fails the test if a request failed, or if fewer were sent than a busy machine can send.
func (v *visits) check(t *testing.T, rate int, length time.Duration) {
	t.Helper()
	failed, slowest := 0, time.Duration(0)
	for _, one := range v.all {
		slowest = max(slowest, one.duration)
		if one.err != nil {
			if failed++; failed == 1 {
				t.Errorf("the first failed request: %v", one.err)
			}
		}
	}
	perSecond := float64(len(v.all)) / length.Seconds()
	t.Logf("%d answers, %.0f per second, %d failed, slowest %s", len(v.all), perSecond, failed, slowest.Round(time.Millisecond))
	if failed > 0 || perSecond < float64(rate)/2 {
		t.Errorf("%d requests failed, %.0f per second were sent, want 0 and %d", failed, perSecond, rate)
	}
}

// firstOld returns the time at which the first request was sent whose answer says that it is old.
func (v *visits) firstOld() time.Time {
	var first time.Time
	for _, one := range v.all {
		if one.old && (first.IsZero() || one.sent.Before(first)) {
			first = one.sent
		}
	}
	return first
}

// countOld returns how many pages that were requested in a period do, or do not, say that they are old.
func (v *visits) countOld(old bool, from, to time.Time) int {
	n := 0
	for _, one := range v.all {
		if !one.isBadge && one.old == old && one.sent.After(from) && one.sent.Add(one.duration).Before(to) {
			n++
		}
	}
	return n
}
