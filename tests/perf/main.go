// Command perf measures how many requests a second the API answers, and how fast, route by route:
//
//	perf [-duration 1500ms] [-connections 16] [-monitors 1000] [-standalone bin/standalone]
//
// It starts a standalone of its own, with monitors and a day of their results. Where API_ENDPOINT is set it measures
// what is there, and only reads; API_TOKEN is then sent, if it is set.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

type options struct {
	// api is that of a running NanoMon, from which is only read; empty: one is started.
	api, token string
	// standalone is the binary to start.
	standalone string
	// monitors is how many the started one has.
	monitors, connections int
	// duration is for how long each route is measured, after a fifth of it to warm up.
	duration time.Duration
}

func main() {
	o := options{api: strings.TrimRight(os.Getenv("API_ENDPOINT"), "/"), token: os.Getenv("API_TOKEN")}
	flag.DurationVar(&o.duration, "duration", 1500*time.Millisecond, "how long each route is measured")
	flag.IntVar(&o.connections, "connections", 16, "how many `connections` send at a time")
	flag.IntVar(&o.monitors, "monitors", 1000, "how many `monitors` the started standalone has")
	flag.StringVar(&o.standalone, "standalone", "bin/standalone", "`path` of the standalone to start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		os.Exit(1)
	}
}

// run measures and prints a table. The error tells of requests that failed too.
func run(ctx context.Context, o options, out io.Writer) error {
	results, err := measureAll(ctx, o, out)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "requests/s\tp50 ms\tp99 ms\terrors\t  route")
	var failed error
	for _, r := range results {
		fmt.Fprintf(table, "%.0f\t%s\t%s\t%d\t  %s\n", r.rate(), milliseconds(r.percentile(50)), milliseconds(r.percentile(99)), r.errors, r.route)
		if r.err != nil {
			failed = cmp.Or(failed, fmt.Errorf("%s: %w", r.route, r.err))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return failed
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

func measureAll(ctx context.Context, o options, out io.Writer) (results []result, err error) {
	routes := reading
	if o.api == "" {
		started, err := start(ctx, o)
		if err != nil {
			return nil, err
		}
		defer started.stop()
		o.api = started.api
		routes = slices.Concat(reading, writing)
	}
	client := newClient(o)
	ids, err := client.ids(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%s, %d connections, %s each\n\n", o.api, o.connections, o.duration)
	for _, r := range routes {
		if ids.lacks(r) {
			fmt.Fprintf(out, "%s is left out: there is nothing with an id\n", r)
			continue
		}
		client.measure(ctx, ids.fill(r), o.duration/5) // to warm up
		measured := client.measure(ctx, ids.fill(r), o.duration)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		measured.route = r
		results = append(results, measured)
	}
	return results, nil
}
