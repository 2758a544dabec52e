package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/web"
)

func TestListen(t *testing.T) {
	ln, err := web.Listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	_, err = web.Listen(t.Context(), port)
	want := fmt.Sprintf("port %d is in use: stop the other program or set another port", port)
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if _, err = web.Listen(t.Context(), 70000); err == nil || !strings.Contains(err.Error(), "listen on port 70000") {
		t.Errorf("error for an impossible port is %v", err)
	}
}

// start serves handler until stop is called. The channel ended receives the result of Serve.
func start(t *testing.T, handler http.HandlerFunc) (url string, stop func(), ended <-chan error) {
	t.Helper()
	ln, err := web.Listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, ln, handler, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(cancel)
	return fmt.Sprintf("http://127.0.0.1:%d/", ln.Addr().(*net.TCPAddr).Port), cancel, done
}

func TestServeWaitsForRunningRequests(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	url, stop, ended := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() == nil {
			io.WriteString(w, "whole")
		}
	})
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get(url)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	<-entered
	stop()
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("the listener is still open")
	}
}

func TestServeDoesNotWaitForStreams(t *testing.T) {
	url, stop, ended := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		ctx, cancel := web.UntilStop(r)
		defer cancel()
		<-ctx.Done()
	})
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the stream delays the stop")
	}
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Errorf("the stream did not end cleanly: %v", err)
	}
}

func TestServeReportsItsError(t *testing.T) {
	ln, err := web.Listen(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := web.Serve(t.Context(), ln, http.NotFoundHandler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error for a closed listener")
	}
}

func TestExtendDeadlines(t *testing.T) {
	const deadline = 50 * time.Millisecond
	server := httptest.NewUnstartedServer(web.LogRequests(slog.New(slog.DiscardHandler))(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			web.ExtendDeadlines(w, time.Minute)
			select {
			case <-r.Context().Done():
			case <-time.After(3 * deadline):
				io.WriteString(w, "late")
			}
		})))
	server.Config.ReadTimeout, server.Config.WriteTimeout = deadline, deadline
	server.Start()
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); string(body) != "late" {
		t.Errorf("the response is %q, %v", body, err)
	}
}
