// Pause waits until it is stopped. Its container holds the network of a pod.
package main

import (
	"context"
	"os/signal"
	"syscall"
)

func main() {
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	<-stopped.Done()
}
