package probe

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// lateAnswers receives the answer of a name server while the resolver already asks the next one. So a lookup also works
// if all servers are slow. It is safe for concurrent use.
type lateAnswers struct {
	// check is the context of the check.
	check     context.Context
	listeners sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// answers contains the late answers by question.
	answers map[string][]byte
	// current and previous contain, by question, the connections to the server that is asked and to the one before it.
	current, previous map[string]*net.UDPConn
}

// close stops the listeners, which end with the context of the check, and waits for them.
func (l *lateAnswers) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.listeners.Wait()
}

// listen takes over c to wait for its answer. It reports false if the check has ended. It closes the connection to the
// server before, so that a lookup has at most two connections for each question.
func (l *lateAnswers) listen(c *queryConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || c.UDPConn.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	if before := l.previous[c.question()]; before != nil {
		before.Close()
	}
	set(&l.previous, c.question(), c.UDPConn)
	l.listeners.Go(func() {
		defer c.UDPConn.Close()
		defer context.AfterFunc(l.check, func() { c.UDPConn.Close() })()
		l.receive(c)
	})
	return true
}

// receive waits for the answer to the query of c.
func (l *lateAnswers) receive(c *queryConn) {
	buffer := make([]byte, maxUDPAnswer)
	for {
		n, err := c.UDPConn.Read(buffer)
		if err != nil {
			return
		}
		if answer := buffer[:n]; isAnswer(answer, c.query) {
			c.lookups.recordLateAnswer(c.server, c.name, c.kind)
			l.record(c, answer)
			return
		}
	}
}

// isAnswer reports whether answer belongs to query and says that the name exists or does not exist.
func isAnswer(answer, query []byte) bool {
	message := new(dns.Msg)
	final := []int{dns.RcodeSuccess, dns.RcodeNameError}
	return bytes.HasPrefix(answer, query[:2]) && message.Unpack(answer) == nil && slices.Contains(final, message.Rcode)
}

// record stores the answer to the query of c, and interrupts the connection that waits for an answer.
func (l *lateAnswers) record(c *queryConn, answer []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set(&l.answers, c.question(), answer)
	if current := l.current[c.question()]; current != nil {
		current.SetReadDeadline(time.Now())
	}
}

// take returns a late answer to the question of c, as an answer to its query. If there is none, it returns nil and
// makes the next read of c end at c.retry or at a late answer.
func (l *lateAnswers) take(c *queryConn) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer := l.answers[c.question()]; answer != nil {
		return slices.Concat(c.query[:2], answer[2:])
	}
	set(&l.current, c.question(), c.UDPConn)
	c.UDPConn.SetReadDeadline(c.retry) // An error also ends the read.
	return nil
}
