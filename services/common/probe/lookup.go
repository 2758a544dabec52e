package probe

import (
	"context"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// resolvConf lists the name servers of the system.
	resolvConf = "/etc/resolv.conf"
	// lookupPercent is the part of the remaining time of a check that a name lookup may wait for the name servers. The
	// rest remains for the target.
	lookupPercent = 75
	// maxSystemServers is the maximum number of name servers that Go's resolver uses.
	maxSystemServers = 3
)

type lookupsKey struct{}

// lookups holds what one check knows about the name servers of the system. It is safe for concurrent use.
type lookups struct {
	// end is the time at which the check ends.
	end time.Time

	mu sync.Mutex
	// servers is the number of name servers; 0 until countServers has counted them.
	servers int
	// silent contains the servers that did not answer, each with the type of record: some servers never answer queries
	// for AAAA. This map and the others are nil until they are used: most checks have no lookup.
	silent map[string]bool
	// answered contains the names for which there was an answer of any type.
	answered map[string]bool

	late lateAnswers
}

// limitCheck returns a context for one check, which ends after timeout. The lookups of a resolver from [newResolver]
// leave time for the rest of the check. The returned function ends them.
func limitCheck(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	end, _ := limited.Deadline()
	known := &lookups{end: end, late: lateAnswers{check: limited}}
	return context.WithValue(limited, lookupsKey{}, known), func() {
		cancel()
		known.late.close()
	}
}

// newResolver returns a resolver for the checks of one monitor. On Linux it divides the time of a check between the
// name servers, and sends a lost query again. Go's own resolver waits 5 s for each server, which is longer than most
// checks. On other systems the lookup is up to the system.
func newResolver() *net.Resolver {
	if runtime.GOOS != "linux" {
		return net.DefaultResolver
	}
	dial := net.DefaultResolver.Dial
	if dial == nil {
		dial = (&net.Dialer{Resolver: new(net.Resolver)}).DialContext // The server is an IP address.
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
		conn, err := dial(ctx, network, server)
		udp, isUDP := conn.(*net.UDPConn)
		known, isCheck := ctx.Value(lookupsKey{}).(*lookups)
		if err != nil || !isUDP || !isCheck {
			return conn, err
		}
		return &queryConn{UDPConn: udp, server: server, lookups: known}, nil
	}}
}

// queryConn is the connection for one query of Go's resolver to one name server over UDP. It sends the query again if
// there is no answer, and gives up early enough for the other servers.
type queryConn struct {
	*net.UDPConn
	server  string
	lookups *lookups
	// limit is the deadline that the resolver has set.
	limit time.Time

	query      []byte
	name, kind string
	// retry is the time of the next attempt, or of the end of the last one.
	retry    time.Time
	interval time.Duration
	// attempts counts how often the query was sent.
	attempts int
	// gaveUp is set when the server did not answer in time.
	gaveUp bool
}

// question returns the name and the type of record of the query.
func (c *queryConn) question() string { return c.name + " " + c.kind }

// SetDeadline sets the time at which the connection gives up at the latest.
func (c *queryConn) SetDeadline(t time.Time) error {
	c.limit = t
	return nil
}

// Write sends a query, unless the server was silent before. The resolver calls it once.
func (c *queryConn) Write(query []byte) (int, error) {
	message := new(dns.Msg)
	if err := message.Unpack(query); err != nil {
		return 0, err
	}
	question := message.Question[0]
	c.query, c.name, c.kind = query, question.Name, strconv.Itoa(int(question.Qtype))
	if c.lookups.isSilent(c.server, c.kind) {
		return 0, os.ErrDeadlineExceeded
	}
	now := time.Now()
	c.interval = queryInterval(c.lookups.end.Sub(now), c.lookups.countServers())
	if !c.limit.IsZero() {
		c.interval = min(c.interval, c.limit.Sub(now)/udpAttempts)
	}
	c.retry, c.attempts = now.Add(c.interval), 1
	return c.UDPConn.Write(query)
}

// queryInterval returns the time between two attempts at one of the given number of servers.
func queryInterval(left time.Duration, servers int) time.Duration {
	return left * lookupPercent / 100 / time.Duration(servers*udpAttempts)
}

// systemServers returns the number of name servers that Go's resolver uses.
func systemServers() int {
	config, err := readResolvConf(resolvConf)
	if err != nil {
		return 2 // Then Go's resolver uses 127.0.0.1 and ::1.
	}
	return min(len(config.Servers), maxSystemServers)
}

// Read returns the next answer. The resolver calls it again if the answer is for another query.
func (c *queryConn) Read(answer []byte) (int, error) {
	for {
		if late := c.lookups.late.take(c); late != nil {
			return copy(answer, late), nil
		}
		n, err := c.UDPConn.Read(answer)
		switch {
		case err == nil:
			c.lookups.recordAnswer(c.name, n >= 2 && [2]byte(answer) == [2]byte(c.query))
			return n, nil
		case !timedOut(err):
			return n, err
		case time.Now().Before(c.retry): // Another server has sent a late answer.
			continue
		}
		if err := c.tryAgain(err); err != nil {
			return 0, err
		}
	}
}

// tryAgain sends the query again. After the last attempt, it returns timeout.
func (c *queryConn) tryAgain(timeout error) error {
	if c.attempts >= c.lookups.maxAttempts(c.name) {
		c.lookups.recordSilence(c.server, c.kind)
		c.gaveUp = true
		return timeout
	}
	c.attempts++
	c.retry = c.retry.Add(c.interval)
	_, err := c.UDPConn.Write(c.query)
	return err
}

// Close closes the connection, unless the server may still answer while the resolver asks another one.
func (c *queryConn) Close() error {
	if c.gaveUp && c.lookups.late.listen(c) {
		return nil
	}
	return c.UDPConn.Close()
}

// maxAttempts returns the number of times that a query for name is sent. It is lower if the query for the other address
// family has been answered, because the check can use that answer.
func (l *lookups) maxAttempts(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answered[name] {
		return udpAttempts - 1
	}
	return udpAttempts
}

// countServers returns the number of name servers.
func (l *lookups) countServers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.servers == 0 {
		l.servers = systemServers()
	}
	return l.servers
}

func (l *lookups) isSilent(server, kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent[server+" "+kind]
}

func (l *lookups) recordSilence(server, kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set(&l.silent, server+" "+kind, true)
}

func (l *lookups) recordAnswer(name string, matches bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set(&l.answered, name, matches || l.answered[name])
}

// recordLateAnswer records that a server is slow, but not silent.
func (l *lookups) recordLateAnswer(server, name, kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.silent, server+" "+kind)
	set(&l.answered, name, true)
}

// set sets an entry of a map, and creates the map if it is nil.
func set[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = value
}
