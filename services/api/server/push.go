package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// maxPingBody is the maximum size of the body of a ping, in bytes.
const maxPingBody = 64 << 10

// pingStore is the part of the store for pings.
type pingStore interface {
	monitorGetter
	PingURLOwner(ctx context.Context, uuid string) (monitorID string, err error)
	AddPing(ctx context.Context, p store.Ping) error
}

// pingHandler receives the pings of push monitors. Its paths are the same as in the API of healthchecks, so that its
// clients work here. The secret in the path reaches no other code: see [web.HidePingURLs].
type pingHandler struct {
	store    pingStore
	types    probe.Registry
	receiver *pingReceiver
	limits   pingLimits
}

func newPingHandler(s pingStore, types probe.Registry, receiver *pingReceiver) *pingHandler {
	return &pingHandler{store: s, types: types, receiver: receiver, limits: newPingLimits(time.Now)}
}

func (h *pingHandler) mount(to routes) {
	const path = web.PingPath + "{uuid}"
	for action, parse := range map[string]func(*http.Request) (store.Ping, error){
		"":              pingOf(store.Ping{Kind: store.PingSuccess}),
		"/start":        pingOf(store.Ping{Kind: store.PingStart}),
		"/fail":         pingOf(store.Ping{Kind: store.PingFail, ExitCode: 1}),
		"/log":          pingOf(store.Ping{Kind: store.PingLog}),
		"/{exitStatus}": pingWithStatus,
	} {
		receive := handle(func(w http.ResponseWriter, r *http.Request) error { return h.receive(w, r, parse) })
		to.open.Get(path+action, receive)
		to.open.Post(path+action, receive)
	}
}

func pingOf(p store.Ping) func(*http.Request) (store.Ping, error) {
	return func(*http.Request) (store.Ping, error) { return p, nil }
}

// exitStatusForm matches a number that may be an exit status.
var exitStatusForm = regexp.MustCompile(`^[0-9]{1,9}$`)

// pingWithStatus returns the ping for the exit status in the path.
func pingWithStatus(r *http.Request) (store.Ping, error) {
	text := chi.URLParam(r, "exitStatus")
	if !exitStatusForm.MatchString(text) {
		return store.Ping{}, web.Problemf(http.StatusNotFound,
			"a ping URL ends with start, fail, log, an exit status, or with nothing after the UUID")
	}
	switch status, _ := strconv.Atoi(text); {
	case status > 255:
		return store.Ping{}, monitor.Invalidf("exit status %d is too large, at most 255 is allowed", status)
	case status == 0:
		return store.Ping{Kind: store.PingSuccess}, nil
	default:
		return store.Ping{Kind: store.PingFail, ExitCode: status}, nil
	}
}

// receive stores the ping that parse finds in the path of a request.
func (h *pingHandler) receive(
	w http.ResponseWriter, r *http.Request, parse func(*http.Request) (store.Ping, error),
) error {
	// As with healthchecks, web pages may ping, too. The response contains nothing that they must not read.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Ping-Body-Limit", strconv.Itoa(store.MaxPingBody))
	if !h.limits.clients.Allow(clientOf(r)) {
		return errTooManyPings
	}
	p, err := parse(r)
	if err == nil {
		p.RunID, err = runID(r)
	}
	if err == nil {
		p.Body, err = pingBody(w, r)
	}
	if err != nil {
		return err
	}
	p.Received = monitor.Date(h.receiver.clock.Now())
	p.ID = monitor.NewID(p.Received)
	// The ping counts even if the client does not wait for the response.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), store.ShortCall)
	defer cancel()
	end := h.receiver.begin(p)
	answer, err := h.add(ctx, web.PingSecret(r), p)
	end(!isLost(err))
	if err != nil {
		return err
	}
	web.LogQuietly(r)
	web.Text(w, answer)
	return nil
}

// add stores a ping of the monitor with this ping URL, and returns the text for the response.
func (h *pingHandler) add(ctx context.Context, uuid string, p store.Ping) (answer string, err error) {
	m, err := h.owner(ctx, uuid)
	switch {
	case err != nil:
		return "", err
	case !h.limits.monitors.Allow(m.ID):
		return "", errTooManyPings
	case !m.Enabled:
		return "OK (paused)", nil
	}
	p.MonitorID = m.ID
	return "OK", h.store.AddPing(ctx, p)
}

// isLost reports whether a ping was not stored for another reason than the ping itself.
func isLost(err error) bool {
	return err != nil && !monitor.IsInvalid(err) && !errors.Is(err, monitor.ErrNotFound) &&
		!errors.As(err, new(*web.Problem))
}

// errUnknownPingURL does not say whether there was such a ping URL before.
var errUnknownPingURL = web.Problemf(http.StatusNotFound, "there is no monitor with this ping URL")

// owner returns the push monitor with a ping URL.
func (h *pingHandler) owner(ctx context.Context, uuid string) (monitor.Monitor, error) {
	if !web.IsUUID(uuid) {
		return monitor.Monitor{}, errUnknownPingURL
	}
	id, err := h.store.PingURLOwner(ctx, uuid)
	var m monitor.Monitor
	if err == nil {
		m, err = h.store.Monitor(ctx, id)
	}
	if errors.Is(err, monitor.ErrNotFound) || err == nil && !h.types[m.Type].Spec.Push {
		return m, errUnknownPingURL
	}
	return m, err
}

// runID returns the parameter rid in lower case, empty if there is none.
func runID(r *http.Request) (string, error) {
	id := strings.ToLower(r.URL.Query().Get("rid"))
	if id == "" {
		return "", nil
	}
	if !web.IsUUID(id) {
		return "", monitor.Invalid("rid must be a UUID",
			"Use the same UUID for the start and the end of a run, such as the output of uuidgen.")
	}
	return id, nil
}

// pingBody returns the part of the body of a ping that is stored.
func pingBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPingBody))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, err
	case err != nil:
		return nil, monitor.Invalidf("request body ended early")
	}
	return body[:min(len(body), store.MaxPingBody)], nil
}
