package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/FerretDB/wire/wireclient"
)

// shell does the job of mongosh in a health check, in a container that is started under the name mongosh. Instead of the
// script it sends a ping to the server, which listens at the container's name in its network. It returns the exit code.
func shell(arguments []string) int {
	if len(arguments) != 3 || !slices.Equal(arguments[:2], []string{"--quiet", "--eval"}) {
		fmt.Fprintf(os.Stderr, "mongosh: %q: only --quiet --eval SCRIPT works in this stand-in\n", arguments)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client, err := wireclient.Connect(ctx, "mongodb://mongo:27017/", slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintln(os.Stderr, "mongosh:", err)
		return 1
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mongosh:", err)
		return 1
	}
	return 0
}
