package cluster

import (
	"slices"
	"testing"
	"time"

	"nanomon/services/common/store"
)

func TestMembership(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	heartbeat := func(id string, seconds int) store.Runner { return store.Runner{ID: id, LastSeen: at(seconds)} }
	type update struct {
		at         int
		heartbeats []store.Runner
		live       []string
	}
	me, both := []string{"me"}, []string{"a", "me"}
	for name, updates := range map[string][]update{
		"single runner": {{0, nil, me}, {1, []store.Runner{heartbeat("me", 0)}, me}},
		"another runner joins and leaves": {
			{0, nil, me}, {1, []store.Runner{heartbeat("a", 1)}, both}, {2, nil, me},
		},
		"heartbeats stop": {
			{0, []store.Runner{heartbeat("a", 0)}, both}, {5, []store.Runner{heartbeat("a", 4)}, both},
			{10, []store.Runner{heartbeat("a", 4)}, both}, {14, []store.Runner{heartbeat("a", 4)}, both},
			{15, []store.Runner{heartbeat("a", 4)}, me}, {16, []store.Runner{heartbeat("a", 16)}, both},
		},
		"clock ahead": {
			{0, []store.Runner{heartbeat("a", 3000)}, both}, {3, []store.Runner{heartbeat("a", 3003)}, both},
		},
		"old heartbeat": {
			{0, []store.Runner{heartbeat("a", -61)}, me}, {1, []store.Runner{heartbeat("a", -61)}, me},
		},
		"clock far behind": {
			{0, []store.Runner{heartbeat("a", -500)}, me}, {1, []store.Runner{heartbeat("a", -497)}, both},
		},
		"store was unavailable": {
			{0, []store.Runner{heartbeat("a", 0), heartbeat("b", -90)}, both},
			{60, []store.Runner{heartbeat("a", 0), heartbeat("b", -90)}, both},
			{65, []store.Runner{heartbeat("a", 64)}, both},
		},
	} {
		m := membership{self: "me"}
		for _, u := range updates {
			if got, _ := m.update(at(u.at), u.heartbeats); !slices.Equal(got.runners, u.live) {
				t.Errorf("%s: after %d s %v are live, want %v", name, u.at, got.runners, u.live)
			}
		}
	}
}
