// Command bench measures NanoMon and compares it with a bare loop of net/http requests in the same run:
//
//	bench [-short] [-mongo] [-only cost,routes] [-json bench.json]
//
// It prints a table and writes the same figures as JSON; progress goes to standard error. docs/performance.md explains
// the figures. If API_ENDPOINT is set, the section routes measures the API at that URL instead of a new instance, with the
// bearer token API_TOKEN if that is set, and sends only GET requests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nanomon/tests/support/mongotest"
)

// options are the arguments of the program.
type options struct {
	// api is the URL of a running API that the section routes measures. If it is empty, the section starts a standalone.
	api, token string
	// mongo is the connection string of a MongoDB server that the services use; empty for SQLite.
	mongo string
	// only contains the names of the sections to run; empty runs all of them.
	only []string
	// json is the path of the file to write.
	json string
	plan plan
}

// bench collects the figures of the sections.
type bench struct {
	options
	// section is the name of the section that runs.
	section string
	report  report
	// progress receives a line for each step.
	progress io.Writer
}

// section is a part of the benchmark. It fails like a test.
type section struct {
	name string
	run  func(*bench, testing.TB)
}

// sections lists all sections in the order of the table.
var sections = []section{
	{"cost", (*bench).cost},
	{"punctuality", (*bench).punctuality},
	{"history", (*bench).history},
	{"routes", (*bench).routes},
	{"reads", (*bench).reads},
	{"capacity", (*bench).capacity},
	{"events", (*bench).events},
	{"crowd", (*bench).crowd},
	{"start", (*bench).start},
}

func main() {
	if settings := os.Getenv(bareVariable); settings != "" {
		exit(runBare(settings))
	}
	o := options{api: strings.TrimRight(os.Getenv("API_ENDPOINT"), "/"), token: os.Getenv("API_TOKEN"), plan: longPlan}
	short := flag.Bool("short", false, "measure for 4 minutes instead of 15")
	only := flag.String("only", "", "`names` of the sections to run, separated by commas")
	flag.StringVar(&o.json, "json", "bench.json", "`path` of the JSON file to write")
	onMongo := flag.Bool("mongo", false, "use MongoDB: NANOMON_TEST_MONGO_URI, a mongod on the PATH, or FerretDB")
	duration := flag.Duration("duration", 0, "time to measure each route")
	flag.Parse()
	if *short {
		o.plan = shortPlan
	}
	if *onMongo {
		o.plan = o.plan.forMongoDB()
	}
	if *duration > 0 {
		o.plan.route = *duration
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if err := leaveMeasuredCPU(); err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *onMongo {
		exit(runOnMongo(ctx, o))
	}
	exit(run(ctx, o, os.Stdout, os.Stderr))
}

// runOnMongo does the same as run, with a MongoDB server that it starts unless the environment names one.
func runOnMongo(ctx context.Context, o options) error {
	uri, stop, err := mongotest.Launch()
	if err != nil {
		return err
	}
	o.mongo = uri
	return errors.Join(run(ctx, o, os.Stdout, os.Stderr), stop())
}

// exit ends the program, with exit code 1 if err is not nil.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run runs the sections, prints the table and writes the JSON file. If sections fail, it runs the others and returns an
// error that says why.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	for _, name := range o.only {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.name == name }) {
			return fmt.Errorf("there is no section %q", name)
		}
	}
	b := &bench{options: o, progress: progress, report: newReport()}
	if o.mongo != "" {
		name, err := serverName(ctx, o.mongo)
		if err != nil {
			return err
		}
		b.report.Database = name
	}
	var failed error
	for _, s := range sections {
		if len(o.only) > 0 && !slices.Contains(o.only, s.name) {
			continue
		}
		b.section = s.name
		if err := b.runSection(ctx, s); err != nil {
			failed = errors.Join(failed, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.Join(failed, b.report.write(out, o.json))
}

// runSection runs a section and records why it failed.
func (b *bench) runSection(ctx context.Context, s section) error {
	started := time.Now()
	b.log("%s: started", s.name)
	err := runTest(ctx, b.log, func(t testing.TB) { s.run(b, t) })
	if err != nil {
		err = fmt.Errorf("section %s: %w", s.name, err)
		b.report.Failures = append(b.report.Failures, err.Error())
	}
	b.log("%s: ended after %s", s.name, time.Since(started).Round(time.Second))
	return err
}

// log prints a line of progress.
func (b *bench) log(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }
