package push

import (
	"time"

	"nanomon/services/common/store"
)

// maxSilence is the time after the end of a receiving period in which its process may still receive pings, if it has not
// stopped in an orderly way and no process has started in its place. After that, the process is gone, or its health
// check has failed for so long that nothing sends it pings.
const maxSilence = 2 * time.Minute

// Receiving says at which times pings may have been lost.
type Receiving struct {
	periods []store.ReceivingPeriod
	losses  []loss
}

// loss is a time in which a process may have lost pings.
type loss struct{ from, to time.Time }

// NewReceiving returns what the periods say. They are in the order of their start.
func NewReceiving(periods []store.ReceivingPeriod) Receiving {
	r := Receiving{periods: periods}
	running := make(map[string]store.ReceivingPeriod)
	for _, p := range periods {
		if last, found := running[p.Process]; found && p.From.Before(last.To) {
			r.addSilence(last) // another process with the same name, or the clock was set back
		} else if found {
			r.losses = append(r.losses, loss{last.To, p.From})
		}
		if p.Ended {
			delete(running, p.Process)
		} else {
			running[p.Process] = p
		}
	}
	for _, last := range running {
		r.addSilence(last)
	}
	return r
}

// addSilence adds the time after the last period of a process.
func (r *Receiving) addSilence(last store.ReceivingPeriod) {
	r.losses = append(r.losses, loss{last.To, last.To.Add(maxSilence)})
}

// Reach returns the time until which no ping was lost since the given time: until then, periods contain all of the time,
// and no process may have lost a ping. It is before the given time if nothing is known about that.
func (r Receiving) Reach(from time.Time) time.Time {
	reach := from.Add(-1)
	for _, p := range r.periods {
		if p.From.After(latest(reach, from)) {
			break
		}
		if !p.To.Before(from) {
			reach = latest(reach, p.To)
		}
	}
	for _, l := range r.losses {
		if l.to.After(from) && l.from.Before(reach) {
			reach = l.from
		}
	}
	return reach
}
