package probe

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// firstOfEachFamily returns the first address and the first one of the other family, if there is one.
func firstOfEachFamily(addresses []netip.Addr) []netip.Addr {
	first := addresses[0].Unmap()
	for _, address := range addresses[1:] {
		if other := address.Unmap(); other.Is4() != first.Is4() {
			return []netip.Addr{first, other}
		}
	}
	return []netip.Addr{first}
}

// pingSeries is the packets to one address.
type pingSeries struct {
	// replied is closed at the first reply.
	replied chan struct{}
	ended   chan Outcome
}

// pingFamilies pings the first address. If that fails, or nothing replies in time, it also pings the second one. It
// returns the outcome of the series that ends first with a reply.
func (p *pingProbe) pingFamilies(ctx context.Context, addresses []netip.Addr) Outcome {
	if len(addresses) == 1 {
		return p.pingAddress(ctx, addresses[0], func() {})
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	start := func(address netip.Addr) pingSeries {
		s := pingSeries{replied: make(chan struct{}), ended: make(chan Outcome, 1)}
		onReply := sync.OnceFunc(func() { close(s.replied) })
		running.Go(func() { s.ended <- p.pingAddress(ctx, address, onReply) })
		return s
	}
	first := start(addresses[0])
	if first.repliesWithin(p.patience) {
		return <-first.ended
	}
	return firstReply(first, start(addresses[1]))
}

// repliesWithin reports whether a reply arrives within patience, before the series ends.
func (s pingSeries) repliesWithin(patience time.Duration) bool {
	select {
	case <-s.replied:
		return true
	case outcome := <-s.ended:
		s.ended <- outcome
		return outcome.Err == nil
	case <-time.After(patience):
		return false
	}
}

// firstReply returns the outcome of the series that ends first with a reply. If there is none, it returns the outcome of
// first with both errors.
func firstReply(first, second pingSeries) Outcome {
	var one, other Outcome
	select {
	case one = <-first.ended:
		if one.Err == nil {
			return one
		}
		other = <-second.ended
	case other = <-second.ended:
		if other.Err == nil {
			return other
		}
		one = <-first.ended
	}
	switch {
	case one.Err == nil:
		return one
	case other.Err == nil:
		return other
	}
	one.Err = fmt.Errorf("%w; %w", one.Err, other.Err)
	return one
}
