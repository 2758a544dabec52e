package cluster

import (
	"slices"
	"time"

	"nanomon/services/common/store"
)

const (
	// heartbeatTimeout is the time without a new heartbeat after which a runner counts as dead. Each runner measures it
	// with its own clock, so the clocks of the runners need not agree.
	heartbeatTimeout = 10 * time.Second
	// maxHeartbeatAge is the maximum age, by its own date, of a heartbeat of an unknown runner. An older heartbeat
	// belongs to a dead runner. A live runner whose clock is that far behind is recognized at its next heartbeat.
	maxHeartbeatAge = time.Minute
	// maxUpdateGap is the maximum time between two reads of the heartbeats. After a longer gap, an unchanged heartbeat
	// does not mean that the runner is dead.
	maxUpdateGap = 5 * time.Second
)

// Assignment determines which monitors a runner runs. Each monitor belongs to the live runner with the highest hash of
// runner and monitor (rendezvous hashing). All runners compute the same assignment without communication, and if a
// runner joins or leaves, only the monitors that it gains or loses move.
type Assignment struct {
	// self is the id of this runner.
	self string
	// runners are the ids of the live runners in order, including self.
	runners []string
	// prefixes are the unfinished hashes of the runners' ids and a slash.
	prefixes []unfinishedHash
}

// NewAssignment returns the assignment of the runner self, which is one of the given live runners.
func NewAssignment(self string, runners []string) Assignment {
	a := Assignment{self: self, runners: runners}
	for _, runner := range runners {
		a.prefixes = append(a.prefixes, emptyHash.add(runner).add("/"))
	}
	return a
}

// Has reports whether the monitor is assigned to this runner. Of two equal hashes, that of the first runner counts as
// higher.
//
// It stops at the first runner with a higher hash than this one, so with a hundred runners it computes six hashes on
// average.
func (a Assignment) Has(monitorID string) bool {
	self := slices.Index(a.runners, a.self)
	if self < 0 {
		return false
	}
	own := a.prefixes[self].add(monitorID).finish()
	for i, prefix := range a.prefixes {
		h := prefix.add(monitorID).finish()
		if h > own || h == own && i < self {
			return false
		}
	}
	return true
}

func (a Assignment) equal(other Assignment) bool { return slices.Equal(a.runners, other.runners) }

// peer records the heartbeats of another runner.
type peer struct {
	// heartbeat is the date in its last heartbeat, by its own clock.
	heartbeat time.Time
	// changed is the time at which this runner first read that heartbeat. It is zero for a heartbeat that was too old
	// then.
	changed time.Time
	// offset is how far the clock of the other runner is ahead of that of this one; nil if it is not known.
	offset *time.Duration
}

// membership determines which runners are live.
type membership struct {
	self       string
	peers      map[string]peer
	lastUpdate time.Time
	// own is the date of the last own heartbeat that was stored. late is true if it was stored so late that other runners
	// may have considered this runner dead in the meantime.
	own  time.Time
	late bool
	// date is the date of this runner's clock when it read the heartbeats. measured is true if the offset of a peer was
	// measured and correctClock has not used it yet.
	date     time.Time
	measured bool
}

// offsets returns how far the clocks of the live peers are ahead, as far as it is known.
func (m *membership) offsets() []time.Duration {
	var list []time.Duration
	for _, p := range m.peers {
		if p.offset != nil && m.lastUpdate.Sub(p.changed) < heartbeatTimeout {
			list = append(list, *p.offset)
		}
	}
	return list
}

// forgetOffsets drops the offsets after a correction of this runner's clock.
func (m *membership) forgetOffsets() {
	for id, p := range m.peers {
		p.offset = nil
		m.peers[id] = p
	}
}

// recordOwn records that the own heartbeat was stored.
func (m *membership) recordOwn(now time.Time) {
	m.late = !m.own.IsZero() && now.Sub(m.own) > heartbeatTimeout
	m.own = now
}

// update evaluates the heartbeats read at now. It returns the assignment and the ids of the runners that have died.
// After a gap in the updates, the known runners count as live again for the heartbeat timeout.
func (m *membership) update(now time.Time, heartbeats []store.Runner) (a Assignment, dead []string) {
	afterGap := now.Sub(m.lastUpdate) > maxUpdateGap
	m.lastUpdate = now
	peers := make(map[string]peer, len(heartbeats))
	live := []string{m.self}
	for _, h := range heartbeats {
		if h.ID == m.self {
			continue
		}
		p, known := m.peers[h.ID]
		switch {
		case !known && now.Sub(h.LastSeen) > maxHeartbeatAge:
			p = peer{heartbeat: h.LastSeen}
		case !known:
			p = peer{heartbeat: h.LastSeen, changed: now}
		case !p.heartbeat.Equal(h.LastSeen):
			p = peer{heartbeat: h.LastSeen, changed: now, offset: new(h.LastSeen.Sub(m.date))}
			m.measured = true
		case afterGap && !p.changed.IsZero():
			p.changed = now
		}
		peers[h.ID] = p
		switch {
		case now.Sub(p.changed) < heartbeatTimeout:
			live = append(live, h.ID)
		case !p.changed.IsZero():
			dead = append(dead, h.ID)
		}
	}
	slices.Sort(live)
	m.peers = peers
	return NewAssignment(m.self, live), dead
}

// Hash returns FNV-1a with the finalizer of MurmurHash3. Without the finalizer, consecutive ids get hashes that are
// not random enough for a remainder by the interval. It must never change: runners of different versions share the
// monitors during an upgrade.
func Hash(id string) uint64 { return emptyHash.add(id).finish() }

// unfinishedHash is the 64-bit FNV-1a hash of a text to which more can be added, which package hash/fnv can't do without
// computing the whole hash again.
type unfinishedHash uint64

// emptyHash is the hash of an empty text, the offset basis of FNV-1a.
const emptyHash unfinishedHash = 14695981039346656037

// add returns the hash of the text and then s.
func (h unfinishedHash) add(s string) unfinishedHash {
	for i := range len(s) {
		h = (h ^ unfinishedHash(s[i])) * 1099511628211
	}
	return h
}

func (h unfinishedHash) finish() uint64 {
	x := uint64(h)
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
