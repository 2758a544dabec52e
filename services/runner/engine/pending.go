package engine

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// closedAge is the age at which a ping is deleted whose monitor gets no pings. This runner learns a little later that a
// monitor gets pings again.
const closedAge = time.Hour

// noteClosed notes which of all monitors get no pings.
func (b *inbox) noteClosed(all []monitor.Monitor, types probe.Registry) {
	closed := make(map[string]bool)
	for _, m := range all {
		if !m.Enabled || !types[m.Type].Spec.Push {
			closed[m.ID] = true
		}
	}
	b.closed.Store(&closed)
}

// isClosed reports whether a ping was received before its monitor was disabled or got another type. Nothing else would
// delete it for a long time, and all runners would read it again and again.
func (s *pushes) isClosed(ping store.Ping, now time.Time) bool {
	closed := s.inbox.closed.Load()
	return closed != nil && (*closed)[ping.MonitorID] && now.Sub(ping.Received) > closedAge
}

// insert adds a ping to the pending ones. A ping from the future was received by a process of the API whose clock is
// ahead: it gets the date now, because otherwise all later pings would count as handled before.
func (p *pushMonitor) insert(ping store.Ping, now time.Time) {
	if next := p.newest().Add(time.Millisecond); now.Before(next) {
		now = next // The pings stay in order.
	}
	if ping.Received.After(now) {
		ping.Received = now
	}
	i, _ := slices.BinarySearchFunc(p.pending, ping, store.ComparePings)
	p.pending = slices.Insert(p.pending, i, ping)
}

// newest returns the time of the newest ping that is pending or handled, zero if there is none.
func (p *pushMonitor) newest() time.Time {
	handled := p.state.Pings
	if p.current != nil {
		handled = p.current.next.Pings
	}
	switch {
	case len(p.pending) > 0:
		return p.pending[len(p.pending)-1].Received
	case len(handled) > 0:
		return handled[0].Received
	}
	return time.Time{}
}

// takePending returns the pings that en has not handled, including the one whose evaluation is cancelled.
func (en *entry) takePending() []store.Ping {
	if en.push == nil {
		return nil
	}
	pending := en.push.pending
	if ev := en.push.current; ev != nil {
		pending = append(slices.Clone(pending), store.Ping{ID: ev.ping.ID}) // Its body is not in inbox.size.
	}
	return pending
}
