package server

import (
	"net/http"
	"sync"

	"nanomon/services/common/web"
)

const (
	// maxStreams limits the number of open event streams. Each needs about 10 KB.
	maxStreams = 1000
	// maxClientStreams limits the event streams of a client. Many people may share an address.
	maxClientStreams = 100
)

var errTooManyStreams = web.Problemf(http.StatusServiceUnavailable,
	"too many event streams are open; read the results instead, and try again in a few seconds")

// streamLimit counts the open event streams, in total and of each client. The zero value is ready to use.
type streamLimit struct {
	running sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	total   int
	clients map[string]int
}

// open counts a new stream of a client. It returns false if there are too many, or after stop.
func (l *streamLimit) open(client string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || l.total >= maxStreams || l.clients[client] >= maxClientStreams {
		return false
	}
	if l.clients == nil {
		l.clients = make(map[string]int)
	}
	l.running.Add(1)
	l.total++
	l.clients[client]++
	return true
}

// close counts the end of a stream that open has counted.
func (l *streamLimit) close(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running.Done()
	l.total--
	if l.clients[client]--; l.clients[client] == 0 {
		delete(l.clients, client)
	}
}

// stop prevents new streams and waits for the end of all others.
func (l *streamLimit) stop() {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.running.Wait()
}
