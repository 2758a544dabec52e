// Command ferretdb runs FerretDB as a stand-in for MongoDB in tests: a server that speaks
// the wire protocol of MongoDB and stores its data in SQLite files.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:27017", "address to listen on, host:port; port 0 chooses a free one")
	data := flag.String("data", "", "existing `folder` for the data")
	replicaSet := flag.String("replSet", "", "`name` of the replica set that clients see; it has only this server, at -listen")
	flag.Bool("bind_ip_all", false, "ignored: an option of mongod that a container is started with")
	tied := flag.Bool("tied", false, "exit when standard input is closed, so that the server can't outlive its parent")
	if filepath.Base(os.Args[0]) == "mongosh" {
		os.Exit(shell(os.Args[1:]))
	}
	flag.Parse()
	debug.SetGCPercent(400) // Queries allocate much memory: by default the garbage collector would use most of the CPU.
	if err := run(*addr, *data, *replicaSet, *tied); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// run serves until it is interrupted. It prints the URI to connect to as its first line.
func run(addr, data, replicaSet string, tied bool) error {
	if data == "" {
		return fmt.Errorf("-data is missing: name an existing folder")
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: addr},
		Handler:  "sqlite",
		// scripts/build-ferretdb.sh adds this field.
		ReplSetName: replicaSet,
		// Data survives a crash of the process, but not of the machine. That is enough for tests, and much faster.
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
