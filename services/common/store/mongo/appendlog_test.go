package mongo

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestExpireAppendLog checks that cursors stay valid after entries of the log were deleted.
func TestExpireAppendLog(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	ctx := t.Context()
	add := func(n int) string {
		r := monitor.Result{ID: newMonitor(n, "").ID, MonitorID: newMonitor(1, "").ID, Date: time.Now()}
		if err := s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{r}}); err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	add(1)
	_, old, err := s.ResultsSince(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	add(2)
	add(3)
	_, now, err := s.ResultsSince(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	keep := store.Retention{Results: time.Hour, Rollups: time.Hour}
	if _, err := s.Expire(ctx, time.Now().Add(2*time.Hour), keep); err != nil {
		t.Fatal(err)
	}
	if ids, err := findIDs[int64](ctx, s.appends, bson.D{}, 0); err != nil || len(ids) != 1 || ids[0] != 3 {
		t.Errorf("entries %v, error %v; want the last, 3", ids, err)
	}

	last := add(4)
	for _, cursor := range []string{old, now} {
		list, _, err := s.ResultsSince(ctx, cursor, 10)
		if err != nil || len(list) != 1 || list[0].ID != last {
			t.Errorf("results since %s: %+v, error %v; want the one that was stored last", cursor, list, err)
		}
	}
}
