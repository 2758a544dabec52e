package engine

import (
	"slices"
	"time"

	"nanomon/services/common/store"
)

const (
	// deadAfter is how long a runner may go without a new heartbeat and still count as live. It is measured by the
	// observer's own clock: the runners' clocks needn't agree.
	deadAfter = 10 * time.Second
	// longDead is the age, by the dates in them, of heartbeats that don't count when they are first seen. Until
	// its next one, a live runner whose clock is that much off goes unnoticed.
	longDead = time.Minute
	// blindAfter is the time without a look at the heartbeats after which nothing can be said of the others' lives.
	blindAfter = 5 * time.Second
)

// share is a runner's part of the work: each monitor belongs to the live runner for which the hash of the two is
// highest. So all come to the same result without a word, and a runner that comes or goes moves only
// the monitors that it gets or had.
type share struct {
	self string
	// live are the runners that share the work, self among them, in order.
	live []string
}

func (s share) has(monitorID string) bool {
	owner, highest := "", uint64(0)
	for _, runner := range s.live {
		if h := hashOf(runner + "/" + monitorID); owner == "" || h > highest {
			owner, highest = runner, h
		}
	}
	return owner == s.self
}

func (s share) equal(other share) bool { return slices.Equal(s.live, other.live) }

// sighting is what is known of another runner.
type sighting struct {
	// beat is the date of its last heartbeat, changed when a look first found that.
	beat, changed time.Time
}

// membership tells the live runners from the dead.
type membership struct {
	self   string
	seen   map[string]sighting
	looked time.Time
}

// look takes in the heartbeats that are stored at now, and gives the share that follows and the runners that are
// known to be dead. After a time in which there was no look, the others count as live as if they had just been seen.
func (m *membership) look(now time.Time, beats []store.Runner) (mine share, dead []string) {
	blind := now.Sub(m.looked) > blindAfter
	m.looked = now
	seen := make(map[string]sighting, len(beats))
	live := []string{m.self}
	for _, b := range beats {
		if b.ID == m.self {
			continue
		}
		s, known := m.seen[b.ID]
		switch {
		case !known && now.Sub(b.LastSeen) > longDead:
			s = sighting{beat: b.LastSeen}
		case !known, !s.beat.Equal(b.LastSeen):
			s = sighting{beat: b.LastSeen, changed: now}
		case blind && !s.changed.IsZero():
			s.changed = now
		}
		seen[b.ID] = s
		switch {
		case now.Sub(s.changed) < deadAfter:
			live = append(live, b.ID)
		case !s.changed.IsZero():
			dead = append(dead, b.ID)
		}
	}
	slices.Sort(live)
	m.seen = seen
	return share{self: m.self, live: live}, dead
}
