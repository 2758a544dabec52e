// Command ferretdb is the MongoDB stand-in of the tests: a server of its own process
// that speaks the wire protocol and keeps its data in SQLite files.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:27017", "address to listen on, host:port; port 0 takes a free one")
	data := flag.String("data", "", "folder that holds the data; it must exist")
	tied := flag.Bool("tied", false, "end when standard input does, so as not to outlive who holds it open")
	flag.Parse()
	debug.SetGCPercent(400) // Every query scans: most of the time would go into collecting garbage.
	if err := run(*addr, *data, *tied); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// run serves until it is interrupted. The first line it prints is the URI to connect to.
func run(addr, data string, tied bool) error {
	if data == "" {
		return fmt.Errorf("-data names no folder")
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: addr},
		Handler:  "sqlite",
		// Data outlives the process, if not the machine: that is enough for a test, and many times faster.
		SQLiteURL: "file:" + data + "/?_pragma=synchronous(off)",
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if tied {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Run(ctx) }()
	fmt.Println(server.MongoDBURI())
	return <-stopped
}
