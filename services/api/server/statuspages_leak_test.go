package server

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"nanomon/services/common/web"
	"nanomon/tests/support/leaktest"
	"nanomon/tests/support/oidctest"
)

// TestNothingUnpublishedLeaves crawls the public paths of a server with sign-in and protected reads, over a store full of
// texts and ids that nobody has published.
func TestNothingUnpublishedLeaves(t *testing.T) {
	s := openStore(t)
	canaries := leaktest.Seed(t, s)
	server := newSignedIn(oidctest.New(t), s, true)
	ctx, stop := context.WithCancel(context.Background())
	listener, err := web.Listen(ctx, 0)
	must(t, err)
	ended := make(chan error, 2)
	go func() { ended <- server.Run(ctx) }()
	go func() {
		ended <- web.Serve(ctx, listener, conformingHandler(t, server).(*conforming).handler, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
		must(t, <-ended)
	})
	address := listener.Addr().(*net.TCPAddr)
	leaktest.WaitForPages(t, address.String())
	canaries.Crawl(t, address.String())
}
