// Package crowd sends requests at a constant rate, like many people who open a page.
package crowd

import (
	"context"
	"sync"
	"time"
)

// Run calls visit rate times per second until ctx ends, in as many goroutines as there are connections, and returns how
// often it did. A call that is late because an earlier one took long is not left out. Each call gets the number of its
// goroutine, and the time at which it was due.
func Run(ctx context.Context, rate, connections int, visit func(connection int, due time.Time)) int {
	var group sync.WaitGroup
	counts := make([]int, connections)
	interval := time.Second * time.Duration(connections) / time.Duration(rate)
	began := time.Now()
	for i := range connections {
		first := began.Add(interval * time.Duration(i) / time.Duration(connections))
		group.Go(func() {
			timer := time.NewTimer(time.Until(first))
			defer timer.Stop()
			for due := first; ; due = due.Add(interval) {
				timer.Reset(time.Until(due))
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				visit(i, due)
				counts[i]++
			}
		})
	}
	group.Wait()
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return sum
}
