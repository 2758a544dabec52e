package engine

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/push"
)

const (
	// inboxPollInterval is the time between two reads of the pings if the store cannot report changes, and after an error.
	inboxPollInterval = time.Second
	// minInboxInterval is the minimum pause between two reads of the pings.
	minInboxInterval = 200 * time.Millisecond
	// inboxPage is the number of pings that are read at once.
	inboxPage = 500
	// maxInbox and maxInboxBytes limit the pings in memory. If there are more, they stay in the store for now.
	maxInbox      = 20_000
	maxInboxBytes = 32 << 20
)

// inbox holds the stored pings that the scheduler knows. The goroutine of the scheduler owns the fields from known on.
type inbox struct {
	// activated is closed when this runner has a push monitor for the first time. active says whether it has one now.
	activated chan struct{}
	active    atomic.Bool
	// wanted wakes the reader. needPeriods makes it read the receiving periods too.
	wanted      chan struct{}
	needPeriods atomic.Bool
	requests    stateRequests
	// closed contains the monitors that get no pings, because they are disabled or have another type.
	closed atomic.Pointer[map[string]bool]
	pages  chan pingPage

	// known contains the ids of the pings that were handed to monitors and are not deleted yet, with the number of the
	// pass that has read them last.
	known map[string]int
	pass  int
	// size is the number of bytes in the bodies of pending pings.
	size int
	// complete is the last pass that has read all pings, and current the pass that is running.
	complete, current inboxRead
	// receiving holds the receiving periods that were read at periodsRead.
	receiving   push.Receiving
	periodsRead time.Time
	// waiting contains the monitors with a decision that waits for a read.
	waiting map[*entry]bool
}

// inboxRead is a pass through all pings.
type inboxRead struct {
	// started is the date of its start, and began the same by the scheduler's clock.
	started time.Time
	began   time.Duration
	// through is the time of the last ping that was read.
	through time.Time
}

// pingPage is a part of a pass.
type pingPage struct {
	// read says when the pass began.
	read        inboxRead
	first, last bool
	// failed means that the pass ends with an error.
	failed bool
	pings  []store.Ping
	// periods are set on the last page if the receiving periods were read.
	periods    []store.ReceivingPeriod
	hasPeriods bool
	// stored is set on the last page if states were requested.
	stored storedStates
	// accepted receives whether the scheduler has room for more pings.
	accepted chan bool
}

func newInbox() inbox {
	return inbox{
		activated: make(chan struct{}), wanted: wake.New(), pages: make(chan pingPage),
		known: make(map[string]int), waiting: make(map[*entry]bool),
	}
}

// activate begins or ends the reading of pings, and reads them once more if monitors have changed.
func (b *inbox) activate(hasPush bool) {
	b.active.Store(hasPush)
	if !hasPush {
		return
	}
	select {
	case <-b.activated:
	default:
		close(b.activated)
	}
	wake.Signal(b.wanted)
}

// hasRead reports whether all pings up to due are read that were stored at the date settled, by passes that began after
// the given time.
func (b *inbox) hasRead(settled, due time.Time, after time.Duration) bool {
	isNew := func(r inboxRead) bool { return !r.started.Before(settled) && r.began >= after }
	return isNew(b.complete) || isNew(b.current) && due.Before(b.current.through)
}

// release forgets pings that were handed to a monitor and not handled, so that they can be handed to one again.
func (b *inbox) release(pings []store.Ping) {
	for _, ping := range pings {
		b.size -= len(ping.Body)
		delete(b.known, ping.ID)
	}
}

// handlePings hands the pings of a page to their monitors, and examines these and the waiting ones.
func (s *pushes) handlePings(ctx context.Context, page pingPage) {
	b := &s.inbox
	if page.first {
		b.pass++
		b.current = page.read
	}
	touched, now := make(map[*entry]bool), monitor.Date(s.cfg.Clock.Now())
	var done []string
	for _, ping := range page.pings {
		b.current.through = ping.Received
		en := s.entries[ping.MonitorID]
		_, isKnown := b.known[ping.ID]
		if isKnown || en != nil && en.push != nil {
			b.known[ping.ID] = b.pass
		}
		if isKnown {
			continue
		}
		if en == nil || en.push == nil {
			if s.isClosed(ping, now) {
				done = append(done, ping.ID)
			}
			continue
		}
		b.size += len(ping.Body)
		en.push.insert(ping, now)
		touched[en] = true
	}
	s.results.AddDonePings(done)
	if page.last {
		s.completePass(page)
	}
	maps.Copy(touched, b.waiting)
	clear(b.waiting)
	for en := range touched {
		if s.entries[en.monitor.ID] == en {
			s.examine(ctx, en)
		}
	}
	if page.last || page.failed {
		s.settlePush(ctx)
	}
	page.accepted <- len(b.known) < maxInbox && b.size < maxInboxBytes
}

// completePass handles the last page of a pass.
func (s *pushes) completePass(page pingPage) {
	b := &s.inbox
	b.complete = b.current
	maps.DeleteFunc(b.known, func(_ string, pass int) bool { return pass != b.pass })
	if page.hasPeriods {
		b.receiving, b.periodsRead = push.NewReceiving(page.periods), page.read.started
	}
	s.reload(page.stored, page.read.started)
}

// settlePush ends the time in which a push monitor is evaluated alone if it has no ping.
func (s *pushes) settlePush(ctx context.Context) {
	alone := s.isolation.alone
	if alone == nil {
		return
	}
	if en := s.entries[alone.ID]; en != nil && en.push != nil && !en.running {
		s.settle(ctx)
	}
}

// readInbox reads the pings after each change and each signal on wanted, and passes them to the scheduler's goroutine,
// until ctx ends. It does nothing before this runner has a push monitor.
func (e *Engine) readInbox(ctx context.Context) {
	b := &e.scheduler.push.inbox
	select {
	case <-ctx.Done():
		return
	case <-b.activated:
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { e.watch(ctx, store.TopicPings, inboxPollInterval, b.wanted) })
	reading := e.health.Operation("read pings")
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wanted:
		}
		if !b.active.Load() {
			continue
		}
		pause := minInboxInterval
		complete, err := e.readPings(ctx)
		if ctx.Err() != nil {
			return
		}
		reading.Record(err)
		if err != nil {
			e.sendPings(ctx, pingPage{failed: true})
		}
		if !complete {
			pause = inboxPollInterval
		}
		if !wake.Pause(ctx, pause) {
			return
		}
		if !complete {
			wake.Signal(b.wanted)
		}
	}
}

// readPings reads all pings, or as many as there is room for. It reports whether it has read all.
func (e *Engine) readPings(ctx context.Context) (complete bool, err error) {
	b := &e.scheduler.push.inbox
	page := pingPage{read: inboxRead{started: e.cfg.Clock.Now(), began: e.scheduler.clock.now()}, first: true}
	if b.needPeriods.Swap(false) {
		if page.periods, err = store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.ReceivingPeriod, error) {
			return e.store.ReceivingPeriods(ctx, page.read.started.Add(-store.ReceivingPeriodAge))
		}); err != nil {
			b.needPeriods.Store(true)
			return false, fmt.Errorf("read receiving periods: %w", err)
		}
		page.hasPeriods = true
	}
	for after := (*store.Cursor)(nil); ; page.first = false {
		pings, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.Ping, error) {
			return e.store.Pings(ctx, after, inboxPage)
		})
		if err != nil {
			return false, fmt.Errorf("read pings: %w", err)
		}
		page.pings, page.last = pings, len(pings) < inboxPage
		if page.last {
			if page.stored, err = e.readRequested(ctx); err != nil {
				return false, err
			}
		}
		if accepted := e.sendPings(ctx, page); page.last || !accepted {
			return page.last, nil
		}
		last := pings[len(pings)-1]
		after = &store.Cursor{Date: last.Received, ID: last.ID}
	}
}

// sendPings passes a page to the scheduler's goroutine, and reports whether there is room for more.
func (e *Engine) sendPings(ctx context.Context, page pingPage) bool {
	page.accepted = make(chan bool, 1)
	select {
	case <-ctx.Done():
		return false
	case e.scheduler.push.inbox.pages <- page:
		return <-page.accepted
	}
}
