package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// stream is a client of the event stream.
type stream struct {
	t      *testing.T
	header http.Header
	lines  *bufio.Reader
	// begin is the event with the number of open incidents.
	begin string
	leave context.CancelFunc
}

// listen connects to the event stream and waits for its first comment.
func (a *api) listen() *stream {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	a.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", a.url+"/api/events", nil)
	must(a.t, err)
	a.sign(r)
	res, err := http.DefaultClient.Do(r)
	must(a.t, err)
	a.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 {
		a.t.Fatalf("status is %d", res.StatusCode)
	}
	s := &stream{t: a.t, header: res.Header, lines: bufio.NewReader(res.Body), leave: cancel}
	same(a.t, "first frame", s.next(), ": connected\n")
	s.begin = s.next()
	return s
}

// next returns the next frame without its final empty line.
func (s *stream) next() string {
	s.t.Helper()
	var frame strings.Builder
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			s.t.Fatalf("stream ends with %v after %q", err, frame.String())
		}
		if line == "\n" {
			return frame.String()
		}
		frame.WriteString(line)
	}
}

func (s *stream) wantEvent(name string, content any) {
	s.t.Helper()
	data, found := strings.CutPrefix(s.next(), "event: "+name+"\ndata: ")
	if !found {
		s.t.Fatalf("event is %q, want a %s event", data, name)
	}
	same(s.t, name+" event", plain(s.t, []byte(data)), plain(s.t, []byte(toJSON(s.t, content))))
}

func (a *api) append(rs ...monitor.Result) {
	a.t.Helper()
	must(a.t, a.store.AppendBatch(a.t.Context(), store.Batch{Results: rs}))
}

func TestEvents(t *testing.T) {
	a := startAPI(t, nil)
	a.append(resultN(0)) // before a client is connected
	first, second := a.listen(), a.listen()
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store"} {
		same(t, name, first.header.Get(name), want)
	}
	a.append(resultN(1))
	first.wantEvent("result", resultN(1))
	a.append(resultN(1)) // stored again by its runner
	a.append(resultN(2))
	first.wantEvent("result", resultN(2))
	second.wantEvent("result", resultN(1))
	second.wantEvent("result", resultN(2))

	created := decodeAs[monitor.Monitor](t, a.do("POST", "/api/monitors", `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}`))
	first.wantEvent("monitor", monitorEvent{created.ID, "created"})
	a.do("PUT", "/api/monitors/"+created.ID, `{"name":"m","type":"tcp","interval":"5s","target":"localhost:1"}`)
	first.wantEvent("monitor", monitorEvent{created.ID, "changed"})
	a.do("DELETE", "/api/monitors/"+created.ID, "")
	first.wantEvent("monitor", monitorEvent{created.ID, "deleted"})

	first.leave()
	second.leave()
	later := a.listen() // starts a new feed
	a.append(resultN(3))
	later.wantEvent("result", resultN(3))
}

func TestEventsWithPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &flakyStore{Store: openStore(t)}
		h := runHub(t, s)
		c, err := h.join(t.Context())
		must(t, err)
		started := time.Now()
		must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{resultN(1)}}))
		same(t, "frame", string((<-c.frames).Data()), "event: result\ndata: "+toJSON(t, resultN(1))+"\n\n")
		must(t, s.CreateMonitor(t.Context(), monitorA))
		same(t, "frame", string((<-c.frames).Data()), "event: monitor\ndata: "+toJSON(t, monitorEvent{idA, "created"})+"\n\n")
		if late := time.Since(started); late > resultPoll+monitorPoll {
			t.Errorf("the events took %s", late)
		}
		h.leave(c)
	})
}

// A silence is reported at once, not only at the next read of the situation.
func TestSilenceEventComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		h := runHub(t, s)
		c, err := h.join(t.Context())
		must(t, err)
		started := time.Now()
		must(t, s.PutSilence(t.Context(), store.Silence{MonitorID: idA, Until: started.Add(time.Hour)}))
		same(t, "frame", string((<-c.frames).Data()), "event: monitor\ndata: "+toJSON(t, monitorEvent{idA, "changed"})+"\n\n")
		if late := time.Since(started); late >= situationPoll {
			t.Errorf("the event took %s", late)
		}
		h.leave(c)
	})
}

func TestStopEndsStream(t *testing.T) {
	a := startAPI(t, nil)
	client := a.listen()
	a.stop()
	if rest, err := io.ReadAll(client.lines); err != nil || len(rest) > 0 {
		t.Errorf("stream ends with %q, %v", rest, err)
	}
	select {
	case err := <-a.stopped:
		must(t, err)
	case <-time.After(patience):
		t.Fatal("the stream delays the stop")
	}
}

// flakyStore is a store that can't be watched. Its ResultsSince fails while fail is set.
type flakyStore struct {
	*sqlite.Store
	fail  atomic.Bool
	reads atomic.Int64
}

func (f *flakyStore) ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error) {
	f.reads.Add(1)
	if f.fail.Load() {
		return nil, "", monitor.ErrUnavailable
	}
	return f.Store.ResultsSince(ctx, cursor, limit)
}

func (f *flakyStore) Watch(context.Context, store.Topic) (<-chan struct{}, error) {
	return nil, store.ErrWatchUnsupported
}

// runHub runs a hub in a synctest bubble until the test ends.
func runHub(t *testing.T, s eventStore) *eventHub {
	h := newEventHub(s, secret.Properties{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return h
}

func TestUnavailableStoreDelaysEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &flakyStore{Store: openStore(t)}
		h := runHub(t, s)
		c, err := h.join(t.Context())
		must(t, err)
		s.fail.Store(true)
		synctest.Wait() // for a read that has already begun
		must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{resultN(1), resultN(2)}}))
		<-time.After(time.Minute)
		select {
		case frame := <-c.frames:
			t.Fatalf("got %s from an unavailable store", frame.Data())
		default:
		}
		s.fail.Store(false)
		frame := string((<-c.frames).Data())
		same(t, "frame", frame, "event: result\ndata: "+toJSON(t, resultN(1))+"\n\nevent: result\ndata: "+toJSON(t, resultN(2))+"\n\n")
		h.leave(c)
	})
}

func TestHubDoesNotReadWithoutClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &flakyStore{Store: openStore(t)}
		h := runHub(t, s)
		<-time.After(time.Hour)
		same(t, "reads", s.reads.Load(), int64(0))
		c, err := h.join(t.Context())
		must(t, err)
		h.leave(c)
		synctest.Wait()
		read := s.reads.Load()
		<-time.After(time.Hour)
		same(t, "reads", s.reads.Load(), read)
	})
}

func TestSlowClientIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHub(t, openStore(t))
		slow, err := h.join(t.Context())
		must(t, err)
		fast, err := h.join(t.Context())
		must(t, err)
		for n := range maxClientFrames + 1 {
			h.broadcast(eventFrame{[]byte{byte(n)}, []byte{byte(n)}})
			if got := (<-fast.frames).Data(); got[0] != byte(n) {
				t.Fatalf("frame %d is %v", n, got)
			}
		}
		<-slow.dropped
		h.leave(slow) // a second call has no effect
		select {
		case <-fast.dropped:
			t.Error("the fast client is dropped too")
		default:
		}
		h.leave(fast)
	})
}

// pipeWriter is a response writer with a connection that can be taken over.
type pipeWriter struct {
	http.ResponseWriter
	conn net.Conn
}

func (w *pipeWriter) Flush() {}

func (w *pipeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.conn, nil, nil }

func TestIdleStreamIsKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(openStore(t))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{}, 2)
		go func() { _ = server.Run(ctx); ended <- struct{}{} }()
		client, conn := net.Pipe()
		w := &pipeWriter{httptest.NewRecorder(), conn}
		r, err := http.NewRequestWithContext(ctx, "GET", "/api/events", nil)
		must(t, err)
		r.ProtoMinor = 0 // without chunks
		received := bufio.NewReader(client)
		next := func() string {
			comment, err := received.ReadString('\n')
			must(t, err)
			empty, err := received.ReadString('\n')
			must(t, err)
			return comment + empty
		}
		handler := conformingHandler(t, server)
		go func() { handler.ServeHTTP(w, r); ended <- struct{}{} }()
		same(t, "first frame", next(), ": connected\n\n")
		same(t, "number of open incidents", next(), "event: open-incidents\ndata: {\"open\":0}\n")
		_, err = received.ReadString('\n')
		must(t, err)
		for range 3 {
			started := time.Now()
			same(t, "frame", next(), ": keep-alive\n\n")
			same(t, "time since the last", time.Since(started), keepAlive)
		}
		cancel()
		<-ended
		<-ended
	})
}

func TestDiffMonitors(t *testing.T) {
	changed := monitorB
	changed.Updated = base.Add(time.Millisecond)
	added := monitor.Monitor{ID: idOther}
	got := diffMonitors([]monitor.Monitor{monitorA, monitorB}, []monitor.Monitor{added, changed})
	same(t, "events", got, []monitorEvent{{idOther, "created"}, {idB, "changed"}, {idA, "deleted"}})
	same(t, "events of the same", len(diffMonitors([]monitor.Monitor{monitorA}, []monitor.Monitor{monitorA})), 0)
}

// post returns the status of the response, or 0 without one.
func post(ctx context.Context, url, body string) int {
	r, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(new(any))
	return res.StatusCode
}
