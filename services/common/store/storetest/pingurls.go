package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var pingURLContracts = []contract{
	{"PingURL", pingURL},
	{"AddPingURLKeepsTheStoredOne", addPingURL},
	{"PingURLsAreUnique", pingURLsAreUnique},
	{"ExpireDeletesOrphanPingURLs", expirePingURLs},
	{"ReceivingPeriodIsExtended", extendReceivingPeriod},
	{"ReceivingPeriodsSince", receivingPeriodsSince},
	{"ExpireDeletesReceivingPeriods", expireReceivingPeriods},
}

// newUUID returns a UUID whose digits are all the same.
func newUUID(digit string) string {
	return strings.Join([]string{
		strings.Repeat(digit, 8), strings.Repeat(digit, 4), "4" + strings.Repeat(digit, 3), "8" + strings.Repeat(digit, 3),
		strings.Repeat(digit, 12),
	}, "-")
}

func wantPingURL(ctx context.Context, t *testing.T, s store.Store, monitorID, uuid string) {
	t.Helper()
	same(t, "uuid", got(s.PingURL(ctx, monitorID))(t), uuid)
	same(t, "owner", got(s.PingURLOwner(ctx, uuid))(t), monitorID)
}

func wantNoPingURL(ctx context.Context, t *testing.T, s store.Store, monitorID, uuid string) {
	t.Helper()
	_, err := s.PingURL(ctx, monitorID)
	wantError(t, "PingURL", err, monitor.ErrNotFound)
	wantNoOwner(ctx, t, s, uuid)
}

func wantNoOwner(ctx context.Context, t *testing.T, s store.Store, uuid string) {
	t.Helper()
	_, err := s.PingURLOwner(ctx, uuid)
	wantError(t, "PingURLOwner", err, monitor.ErrNotFound)
}

func pingURL(ctx context.Context, t *testing.T, s store.Store) {
	id, first, second := newID(1), newUUID("a"), newUUID("b")
	wantNoPingURL(ctx, t, s, id, first)
	must(t, s.PutPingURL(ctx, id, first))
	must(t, s.PutPingURL(ctx, newID(2), newUUID("c")))
	wantPingURL(ctx, t, s, id, first)
	must(t, s.PutPingURL(ctx, id, second))
	wantPingURL(ctx, t, s, id, second)
	wantNoOwner(ctx, t, s, first)
	wantPingURL(ctx, t, s, newID(2), newUUID("c"))
	for _, uuid := range []string{"", "x", "' OR 1=1 --", strings.ToUpper(second), strings.Repeat("b", 100_000)} {
		wantNoOwner(ctx, t, s, uuid)
	}
	for _, invalid := range invalidIDs {
		_, err := s.PingURL(ctx, invalid)
		wantError(t, "PingURL "+invalid, err, monitor.ErrNotFound)
		wantInvalid(t, "PutPingURL "+invalid, s.PutPingURL(ctx, invalid, newUUID("d")))
		_, err = s.AddPingURL(ctx, invalid, newUUID("d"))
		wantInvalid(t, "AddPingURL "+invalid, err)
	}
}

// addPingURL expects that of two processes that create the ping URL of a monitor both get the same one.
func addPingURL(ctx context.Context, t *testing.T, s store.Store) {
	id, first, second := newID(1), newUUID("a"), newUUID("b")
	same(t, "the first", got(s.AddPingURL(ctx, id, first))(t), first)
	same(t, "the second", got(s.AddPingURL(ctx, id, second))(t), first)
	wantPingURL(ctx, t, s, id, first)
	wantNoOwner(ctx, t, s, second)
}

// pingURLsAreUnique expects an error without the uuid, which is a secret.
func pingURLsAreUnique(ctx context.Context, t *testing.T, s store.Store) {
	uuid := newUUID("a")
	must(t, s.PutPingURL(ctx, newID(1), uuid))
	must(t, s.PutPingURL(ctx, newID(1), uuid))
	_, added := s.AddPingURL(ctx, newID(2), uuid)
	for _, err := range []error{added, s.PutPingURL(ctx, newID(2), uuid)} {
		wantInvalid(t, "the uuid of another monitor", err)
		if err != nil && strings.Contains(err.Error(), uuid) {
			t.Errorf("the error shows the uuid: %v", err)
		}
	}
	wantPingURL(ctx, t, s, newID(1), uuid)
}

func expirePingURLs(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	must(t, s.PutPingURL(ctx, m.ID, newUUID("a")))
	must(t, s.PutPingURL(ctx, newID(9), newUUID("b")))
	got(s.Expire(ctx, base, keep))(t)
	wantPingURL(ctx, t, s, m.ID, newUUID("a"))
	wantNoPingURL(ctx, t, s, newID(9), newUUID("b"))
}

func newPeriod(n int, from, to time.Duration) store.ReceivingPeriod {
	return store.ReceivingPeriod{ID: newID(n), Process: "api:8000", From: base.Add(from), To: base.Add(to)}
}

func extendReceivingPeriod(ctx context.Context, t *testing.T, s store.Store) {
	first := newPeriod(1, 0, 5*time.Second)
	longer, shorter := newPeriod(1, 0, 10*time.Second), newPeriod(1, 0, 7*time.Second)
	ended, atOnce := longer, first
	ended.Ended, atOnce.Ended = true, true
	for _, c := range []struct{ put, want store.ReceivingPeriod }{
		{first, first}, {longer, longer}, {shorter, longer}, {longer, longer}, {ended, ended}, {longer, ended},
	} {
		must(t, s.PutReceivingPeriod(ctx, c.put))
		same(t, "periods", got(s.ReceivingPeriods(ctx, base))(t), []store.ReceivingPeriod{c.want})
	}
	atOnce.ID, atOnce.Process = newID(2), "standalone"
	must(t, s.PutReceivingPeriod(ctx, atOnce))
	same(t, "periods of two processes", got(s.ReceivingPeriods(ctx, base))(t), []store.ReceivingPeriod{ended, atOnce})
	period := got(s.ReceivingPeriods(ctx, base))(t)[0]
	wantUTC(t, "From", period.From)
	wantUTC(t, "To", period.To)
	invalid := first
	invalid.ID = "x"
	wantInvalid(t, "an invalid id", s.PutReceivingPeriod(ctx, invalid))
}

func receivingPeriodsSince(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "periods of an empty store", got(s.ReceivingPeriods(ctx, time.Time{}))(t), []store.ReceivingPeriod{})
	long, early, late := newPeriod(3, 0, time.Hour), newPeriod(2, time.Minute, 2*time.Minute), newPeriod(1, 3*time.Minute, 4*time.Minute)
	for _, p := range []store.ReceivingPeriod{late, long, early} {
		must(t, s.PutReceivingPeriod(ctx, p))
	}
	for since, want := range map[time.Duration][]store.ReceivingPeriod{
		-time.Hour:                        {long, early, late},
		2 * time.Minute:                   {long, early, late},
		2*time.Minute + time.Microsecond:  {long, late},
		4*time.Minute + time.Millisecond:  {long},
		60*time.Minute + time.Millisecond: {},
	} {
		same(t, "periods since "+since.String(), got(s.ReceivingPeriods(ctx, base.Add(since)))(t), want)
	}
}

func expireReceivingPeriods(ctx context.Context, t *testing.T, s store.Store) {
	kept, old := newPeriod(1, -time.Hour, 0), newPeriod(2, -time.Hour, -time.Millisecond)
	must(t, s.PutReceivingPeriod(ctx, kept))
	must(t, s.PutReceivingPeriod(ctx, old))
	got(s.Expire(ctx, base.Add(store.ReceivingPeriodAge), keep))(t)
	same(t, "periods", got(s.ReceivingPeriods(ctx, time.Time{}))(t), []store.ReceivingPeriod{kept})
}
