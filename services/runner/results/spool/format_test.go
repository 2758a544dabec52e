package spool

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// testdata/batch.v1 was written by a version in which the types in store and monitor had the stored field names.
func TestDecodeFileOfEarlierVersion(t *testing.T) {
	content, err := os.ReadFile("testdata/batch.v1")
	if err != nil {
		t.Fatal(err)
	}
	date := time.Date(2026, 3, 1, 12, 0, 0, int(7*time.Millisecond), time.UTC)
	result := monitor.Result{
		ID: "id", Date: date, Status: monitor.StatusError, Value: 1.5, Message: "a message", MonitorID: "m",
		MonitorName: "a name", MonitorTarget: "a target", Outputs: map[string]any{"a": 0.5, "b": "text", "c": true},
		Ignored: monitor.IgnoredMaintenance,
	}
	want := store.Batch{
		Results: []monitor.Result{result},
		States: []store.State{{
			MonitorID: "m", Latest: result, Streak: 3, Since: date,
			History: []store.Point{{Date: date, Status: monitor.StatusFailed, Value: 2, Ignored: monitor.IgnoredBlocked}},
		}},
		StatusChanges: []store.StatusChange{{
			MonitorID: "m", Date: date, Kind: store.ChangeIgnored, From: store.Counted, To: "maintenance",
		}},
	}
	got, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	content, err = encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = decode(content); err != nil || !cmp.Equal(want, got) {
		t.Errorf("after encode and decode: %v, (-want +got):\n%s", err, cmp.Diff(want, got))
	}
}

// testdata/push.v1 was written by the first version with push states.
func TestPushStatesAndDonePings(t *testing.T) {
	duration := 1500.25
	want := store.Batch{
		PushStates: []store.PushState{{
			MonitorID: "m", Sequence: 7, Schedule: "every 1h", Since: noon, Ended: noon, Deadline: noon.Add(time.Hour),
			NotCheckedSince: noon, Runs: []store.PushRun{{RunID: "r", Started: noon}},
			Pings: []store.PushPing{{ID: "p", Received: noon, Kind: store.PingFail, ExitCode: 3, RunID: "r", Duration: &duration}},
		}, {MonitorID: "n", Sequence: 1, Since: noon}},
		DonePings: []string{"p", "q"},
	}
	written, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile("testdata/push.v1")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"written": written, "stored": stored} {
		if got, err := decode(content); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v, (-want +got):\n%s", name, err, cmp.Diff(want, got))
		}
	}
}

// TestManyBatchesWithoutResults expects that they are not joined to a huge one.
func TestManyBatchesWithoutResults(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	const files = 20
	b := store.Batch{PushStates: []store.PushState{{MonitorID: "m", Schedule: strings.Repeat("*", 1<<20)}}, DonePings: []string{"p"}}
	for range files {
		if _, err := s.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	states, pings := 0, 0
	for {
		joined, err := s.Next(500)
		if err != nil {
			t.Fatal(err)
		}
		if joined == nil {
			break
		}
		if n := len(joined.PushStates); n > 4 {
			t.Errorf("%d states of 1 MiB are joined", n)
		}
		states, pings = states+len(joined.PushStates), pings+len(joined.DonePings)
		s.Done()
	}
	if states != files || pings != files {
		t.Errorf("read %d states and %d pings, want %d", states, pings, files)
	}
}

// A field that is missing here would be lost in the spool.
func TestFormatHasEveryField(t *testing.T) {
	for _, c := range []struct {
		domain, stored reflect.Type
		unstored       int
	}{
		{reflect.TypeFor[store.Batch](), reflect.TypeFor[fileBatch](), 0},
		{reflect.TypeFor[monitor.Result](), reflect.TypeFor[fileResult](), 1}, // NotChecked: such results are not stored
		{reflect.TypeFor[store.State](), reflect.TypeFor[fileState](), 0},
		{reflect.TypeFor[store.Point](), reflect.TypeFor[filePoint](), 0},
		{reflect.TypeFor[store.StatusChange](), reflect.TypeFor[fileStatusChange](), 0},
	} {
		if c.domain.NumField() != c.stored.NumField()+c.unstored {
			t.Errorf("%s has %d fields, %s has %d", c.domain, c.domain.NumField(), c.stored, c.stored.NumField())
		}
	}
}
