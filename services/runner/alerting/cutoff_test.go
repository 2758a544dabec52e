package alerting

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// seen is a sighting since so many seconds, of a monitor that is checked every 30 s with a timeout of 5 s.
func seen(host string, status monitor.Status, since float64) sighting {
	at := start0.Add(time.Duration(since * float64(time.Second)))
	return sighting{date: at, status: status, since: at, host: host, within: 35 * time.Second}
}

func times(n int, f sighting) []sighting {
	list := make([]sighting, n)
	for i := range list {
		list[i] = f
	}
	return list
}

func TestCutOff(t *testing.T) {
	failed := func(host string, since float64) sighting { return seen(host, monitor.StatusFailed, since) }
	wasBad := func(f sighting) sighting { f.wasBad = true; return f }
	ok := seen("w", monitor.StatusOK, -500)
	five := []sighting{failed("a", 0), failed("b", 10), failed("c", 20), failed("a", 30), failed("b", 35)}
	tests := []struct {
		name string
		all  []sighting
		want string
	}{
		{"nothing", nil, "none"},
		{"all well", times(20, ok), "none"},
		{"five on three hosts, and no other", five, "5 of 5 on 3 since 0"},
		{"four", five[:4], "none"},
		{"on two hosts", slices.Concat(times(3, failed("a", 0)), times(3, failed("b", 0))), "none"},
		{"four fifths", append(slices.Concat(five, five[:3]), times(2, ok)...), "8 of 10 on 3 since 0"},
		{"less than four fifths", slices.Concat(five, five[:2], times(2, ok)), "none"},
		{"one too late", []sighting{failed("a", 0), failed("b", 10), failed("c", 20), failed("a", 30), failed("b", 36)}, "none"},
		{"too late for the first, not for the others", append(slices.Clone(five), failed("c", 40)), "5 of 6 on 3 since 0"},
		{"one long before", append([]sighting{failed("z", -600)}, five...), "5 of 5 on 3 since 0"},
		{"many long before", append(times(50, failed("z", -600)), five...), "5 of 5 on 3 since 0"},
		{"errors before", append(times(50, seen("z", monitor.StatusError, -600)), five...), "5 of 5 on 3 since 0"},
		{"one has an error since", append(slices.Clone(five), seen("e", monitor.StatusError, 10)), "5 of 6 on 3 since 0"},
		{"two have errors since", append(slices.Clone(five), times(2, seen("e", monitor.StatusError, 10))...), "none"},
		{"it was bad before", append(slices.Clone(five[:4]), wasBad(failed("c", 10))), "none"},
		{"others were bad before", append(slices.Clone(five), times(9, wasBad(failed("c", 10)))...), "5 of 5 on 3 since 0"},
		{"failed before it was last connected", append(slices.Clone(five[:4]), failed("c", -61)), "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rand.Shuffle(len(tt.all), func(i, k int) { tt.all[i], tt.all[k] = tt.all[k], tt.all[i] })
			got := "none"
			if found, cut := cutOff(tt.all, minute(-1)); cut {
				got = fmt.Sprintf("%d of %d on %d since %v", found.failed, found.of, found.hosts, found.since.Sub(start0).Seconds())
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// cutOffPlainly is the same as cutOff, word by word.
func cutOffPlainly(all []sighting, after time.Time) (breakdown, bool) {
	var found breakdown
	for _, first := range all {
		if first.status != monitor.StatusFailed || first.wasBad || first.since.Before(after) || !found.since.IsZero() && !first.since.Before(found.since) {
			continue
		}
		b := breakdown{since: first.since}
		hosts := make(map[string]bool)
		for _, f := range all {
			turned := f.status != monitor.StatusOK && !f.wasBad && !f.since.Before(b.since)
			if f.status == monitor.StatusOK || turned {
				b.of++
			}
			if turned && f.status == monitor.StatusFailed && !f.since.After(b.since.Add(f.within)) {
				b.failed++
				hosts[f.host] = true
			}
		}
		if b.hosts = len(hosts); b.failed >= 5 && b.hosts >= 3 && 10*b.failed >= 8*b.of {
			found = b
		}
	}
	return found, !found.since.IsZero()
}

func TestCutOffIsFoundAsItIsWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	cuts := 0
	for range 20_000 {
		all := make([]sighting, rng.IntN(14))
		for i := range all {
			status := []monitor.Status{0, 1, 2, 2, 2, 2, 2, 2, 2, 2}[rng.IntN(10)]
			all[i] = seen(fmt.Sprint(rng.IntN(5)), status, float64(rng.IntN(90)))
			all[i].within, all[i].wasBad = time.Duration(5+rng.IntN(60))*time.Second, rng.IntN(12) == 0
		}
		after := start0.Add(time.Duration(rng.IntN(90)-80) * time.Second)
		got, cut := cutOff(all, after)
		want, wanted := cutOffPlainly(all, after)
		if got != want || cut != wanted {
			t.Fatalf("after %v: %+v %v, want %+v %v\n%+v", after, got, cut, want, wanted, all)
		}
		if cut {
			cuts++
		}
	}
	if cuts < 1000 || cuts > 19_000 {
		t.Errorf("%d of 20,000", cuts)
	}
}

func TestStill(t *testing.T) {
	failed, ok := seen("a", monitor.StatusFailed, 5), seen("a", monitor.StatusOK, 50)
	for _, tt := range []struct {
		name       string
		all        []sighting
		failed, of int
		most       bool
	}{
		{"all", times(5, failed), 5, 5, true},
		{"four fifths", append(times(4, failed), ok), 4, 5, true},
		{"less", append(times(3, failed), ok), 3, 4, false},
		{"failed again", append(times(3, failed), ok, seen("a", monitor.StatusFailed, 80)), 4, 5, true},
		{"an error", append(times(3, failed), seen("a", monitor.StatusError, 80)), 3, 4, false},
		{"bad long before", append(times(4, failed), ok, seen("a", monitor.StatusFailed, -80)), 4, 5, true},
	} {
		got := still(tt.all, start0)
		if got.failed != tt.failed || got.of != tt.of || got.most() != tt.most {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestSight(t *testing.T) {
	m := monitor.Monitor{Interval: "30s", Target: "a", Properties: map[string]string{"timeout": "10s"}}
	for _, tt := range []struct {
		results string
		since   float64
		wasBad  bool
		aside   bool
	}{
		{"f", 1, false, false}, {"of", 2, false, false}, {"offf", 2, false, false}, {"oeff", 3, true, false}, {"fo", 2, true, false}, {"oF", 2, false, false},
		{"oM", 2, false, true},
	} {
		var s *store.State
		for _, p := range pointsOf(tt.results) {
			s = push(s, "m", p)
		}
		want := sighting{
			date: s.Latest.Date, status: s.Latest.Status, since: minute(tt.since), wasBad: tt.wasBad, aside: tt.aside, host: "a", within: 40 * time.Second,
		}
		if got := sight(m, *s); got != want {
			t.Errorf("%s: %+v, want %+v", tt.results, got, want)
		}
	}
}

func TestHostOf(t *testing.T) {
	for _, tt := range []struct{ kind, target, server, want string }{
		{"http", "https://Shop.example.org:8443/health?x=1", "", "shop.example.org"},
		{"http", "http://[2001:db8::1]:80/", "", "2001:db8::1"},
		{"tcp", "db.example.org:5432", "", "db.example.org"},
		{"tcp", "[2001:db8::1]:5432", "", "2001:db8::1"},
		{"ping", "2001:db8::1", "", "2001:db8::1"},
		{"ping", "router.example.org.", "", "router.example.org"},
		{"dns", "www.example.org", "", "www.example.org"},
		{"dns", "www.example.org", "192.0.2.1:53", "192.0.2.1"},
		{"dns", "www.example.org", "192.0.2.1", "192.0.2.1"},
		{"tcp", "", "", ""},
	} {
		m := monitor.Monitor{Type: tt.kind, Target: tt.target, Properties: map[string]string{"server": tt.server}}
		if got := hostOf(m); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func BenchmarkCutOff(b *testing.B) {
	all := make([]sighting, 10_000)
	for i := range all {
		all[i] = seen(fmt.Sprint("host", i%2), monitor.StatusFailed, float64(i)/500)
	}
	for b.Loop() {
		if _, cut := cutOff(all, time.Time{}); cut {
			b.Fatal("two hosts are too few")
		}
	}
}
