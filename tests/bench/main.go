// Command perf measures the requests per second and the response times of the API for each route:
//
//	perf [-duration 1500ms] [-connections 16] [-monitors 1000] [-standalone bin/standalone]
//
// It starts a standalone with monitors and a day of their results. If API_ENDPOINT is set, it measures the API at that URL
// instead, with the bearer token API_TOKEN if that is set, and sends only GET requests.
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
	// api is the URL of a running API. If it is empty, perf starts a standalone.
	api, token string
	// standalone is the path of the binary to start.
	standalone string
	// monitors is the number of monitors of the started standalone.
	monitors    int
	connections int
	// duration is the time of the measurement of each route. A fifth of it is added to warm up.
	duration time.Duration
}

func main() {
	o := options{api: strings.TrimRight(os.Getenv("API_ENDPOINT"), "/"), token: os.Getenv("API_TOKEN")}
	flag.DurationVar(&o.duration, "duration", 1500*time.Millisecond, "time to measure each route")
	flag.IntVar(&o.connections, "connections", 16, "`number` of concurrent connections")
	flag.IntVar(&o.monitors, "monitors", 1000, "`number` of monitors of the started standalone")
	flag.StringVar(&o.standalone, "standalone", "bin/standalone", "`path` of the standalone to start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		os.Exit(1)
	}
}

// run measures the routes and prints a table. It returns an error also if only single requests failed.
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
	routes := readRoutes
	if o.api == "" {
		started, err := start(ctx, o)
		if err != nil {
			return nil, err
		}
		defer started.stop()
		o.api = started.api
		routes = slices.Concat(readRoutes, writeRoutes)
	}
	client := newClient(o)
	ids, err := client.ids(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%s, %d connections, %s each\n\n", o.api, o.connections, o.duration)
	for _, r := range routes {
		if ids.isMissing(r) {
			fmt.Fprintf(out, "skipped %s: no monitor or maintenance window exists\n", r)
			continue
		}
		client.measure(ctx, ids.fill(r), o.duration/5) // warm up
		measured := client.measure(ctx, ids.fill(r), o.duration)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		measured.route = r
		results = append(results, measured)
	}
	return results, nil
}
