package sqlite

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/store"
)

// TestEachHourOfBothFormats compares EachRollup with Rollups on a day with rows of the earlier format, hours of the
// current one, and hours that are deleted.
func TestEachHourOfBothFormats(t *testing.T) {
	const id = "65a500000000000000000001"
	s, day := openNew(t), time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	hour := func(n int, text string) store.Rollup {
		return store.Rollup{MonitorID: id, Period: store.Hour, Start: day.Add(time.Duration(n) * time.Hour), Summary: []byte(text)}
	}
	if err := s.PutRollups(t.Context(), []store.Rollup{hour(0, "deleted"), hour(3, "new"), hour(5, "new"), hour(26, "new")}); err != nil {
		t.Fatal(err)
	}
	err := s.write(t.Context(), "fill", func(tx *tx) error {
		for _, n := range []int{2, 3, 4, 25} {
			if _, err := tx.exec("INSERT INTO rollups SELECT ref, 'hour', ?, CAST('old' AS BLOB) FROM refs", hour(n, "").Start.UnixMilli()); err != nil {
				return err
			}
		}
		_, err := tx.exec("UPDATE meta SET hours_from = ?", hour(1, "").Start.UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Rollup{hour(2, "old"), hour(3, "new"), hour(4, "old"), hour(5, "new"), hour(25, "old"), hour(26, "new")}
	one, err := s.Rollups(t.Context(), id, store.Hour, day, day.Add(72*time.Hour))
	if diff := cmp.Diff(want, one); diff != "" || err != nil {
		t.Error(diff, err)
	}
	var each []store.Rollup
	err = s.EachRollup(t.Context(), []string{id}, store.Hour, day, day.Add(72*time.Hour), func(r store.Rollup) { each = append(each, r) })
	slices.SortFunc(each, func(a, b store.Rollup) int { return a.Start.Compare(b.Start) })
	if diff := cmp.Diff(want, each); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
