package main

import "time"

// plan contains the sizes and durations of the sections.
type plan struct {
	// rounds is how often the section cost measures each program, for the time of round, at rate checks per second.
	rounds int
	round  time.Duration
	rate   int
	// settle is how long a program runs before it is measured, after its first round of checks or first response.
	settle time.Duration
	// crowds are the numbers of monitors of the section punctuality, which checks each every interval.
	crowds   []int
	interval time.Duration
	watch    time.Duration
	// historyMonitors and historyDays are the size of the history whose bytes are counted.
	historyMonitors, historyDays int
	// writes is how long results are written.
	writes time.Duration
	// route is the time of the measurement of each route, with this number of monitors and connections.
	route                 time.Duration
	monitors, connections int
	// readMonitors and readDays are the size of the history that is read, each query for the time of read.
	readMonitors, readDays int
	read                   time.Duration
	// firstRate is the lowest rate that the section capacity tries, each for the time of step. It doubles the rate up to
	// maxRate and then halves the gap as often as halvings.
	firstRate, maxRate, halvings int
	step                         time.Duration
	// streams is the number of clients of the event stream.
	streams int
	// streamRounds is how often a new process gets these clients. A single process may return so much memory to the
	// system while they connect that its memory shrinks.
	streamRounds int
	// crowdRate is the number of requests per second to a status page, for the time of crowdTime.
	crowdRate int
	crowdTime time.Duration
	// starts is how often the standalone is started.
	starts int
}

// Each monitor of a history has a result every 30 s.
var (
	// longPlan takes about 22 minutes.
	longPlan = plan{
		rounds: 3, round: 10 * time.Second, rate: 1000, settle: 2 * time.Second,
		crowds: []int{1000, 10_000}, interval: 10 * time.Second, watch: 15 * time.Second,
		historyMonitors: 10, historyDays: 30, writes: 5 * time.Second,
		route: 1500 * time.Millisecond, monitors: 1000, connections: 16,
		readMonitors: 116, readDays: 30, read: 2 * time.Second, // 10 million results
		firstRate: 500, maxRate: 16_000, halvings: 3, step: 4 * time.Second,
		streams: 900, streamRounds: 3, crowdRate: 2000, crowdTime: 30 * time.Second, starts: 5,
	}
	// shortPlan takes about 4 minutes.
	shortPlan = plan{
		rounds: 1, round: 5 * time.Second, rate: 1000, settle: 500 * time.Millisecond,
		crowds: []int{1000, 10_000}, interval: 10 * time.Second, watch: 4 * time.Second,
		historyMonitors: 2, historyDays: 30, writes: time.Second,
		route: 200 * time.Millisecond, monitors: 1000, connections: 16,
		readMonitors: 4, readDays: 30, read: 300 * time.Millisecond,
		firstRate: 1000, maxRate: 16_000, halvings: 1, step: time.Second,
		streams: 200, streamRounds: 3, crowdRate: 2000, crowdTime: 10 * time.Second, starts: 3,
	}
)

// forMongoDB returns the plan with fewer monitors and a smaller history. FerretDB stores only a few hundred results per
// second.
func (p plan) forMongoDB() plan {
	p.historyMonitors, p.historyDays = 1, 10
	p.readMonitors, p.readDays = 4, 2
	p.monitors = 100
	p.crowds = p.crowds[:1]
	p.firstRate, p.maxRate = 500, 4000
	return p
}
