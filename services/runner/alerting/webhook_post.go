package alerting

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/services/common/version"
)

const (
	// webTimeout is how long one post may take as a whole.
	webTimeout = 20 * time.Second
	// maxAnswer is how many characters of an answer are kept.
	maxAnswer = 200
)

// webClient is a client for posts to web services: each has a connection of its own, none takes longer than
// webTimeout, and a redirect is an answer like any other.
func webClient(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: webTimeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots},
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// hook is a Sender that posts JSON documents to web services.
type hook struct {
	channel string
	// closes says that closed incidents are posted, too.
	closes bool
	urls   config.URLs
	client *http.Client
	// post makes the request of m to one of the urls.
	post func(m store.Notification, to *url.URL) post
	// secrets must not show in an answer. Neither must any part of a URL but scheme and host, which needn't be listed.
	secrets []string
}

// post is a document on its way.
type post struct {
	url      *url.URL
	document any
	// header makes further headers from the encoded document; nil for none.
	header func(document []byte) http.Header
}

func (h *hook) Channel() string { return h.channel }

// Recipients are the scheme and host of each URL, with a number where there are several of one host.
func (h *hook) Recipients(m store.Notification) []string {
	if m.Kind == store.KindClosed && !h.closes {
		return nil
	}
	shown := make([]string, 0, len(h.urls))
	count := make(map[string]int)
	for _, u := range h.urls {
		origin := u.Scheme + "://" + u.Host
		count[origin]++
		if n := count[origin]; n > 1 {
			origin = fmt.Sprintf("%s (%d)", origin, n)
		}
		shown = append(shown, origin)
	}
	return shown
}

func (h *hook) Send(ctx context.Context, m store.Notification, to []string) []Outcome {
	outcomes := make([]Outcome, len(to))
	known := h.Recipients(m)
	var posts sync.WaitGroup
	for i, shown := range to {
		at := slices.Index(known, shown)
		if at < 0 {
			outcomes[i] = failure(fmt.Errorf("%w: it is no longer in the settings", ErrRefused))
			continue
		}
		posts.Go(func() { outcomes[i] = h.send(ctx, m, h.urls[at]) })
	}
	posts.Wait()
	return outcomes
}

func (h *hook) send(ctx context.Context, m store.Notification, to *url.URL) Outcome {
	request, err := h.post(m, to).request(ctx)
	if err != nil {
		return failure(err)
	}
	response, err := h.client.Do(request)
	if err != nil {
		return failure(errors.New(h.redact(unanswered(ctx, err), to)))
	}
	defer response.Body.Close()
	// What is cut off is not needed, and the status counts even if reading fails.
	body, _ := io.ReadAll(io.LimitReader(response.Body, 16<<10))
	answer := plain(fmt.Sprintf("%d %s %s", response.StatusCode, http.StatusText(response.StatusCode), h.redact(string(body), to)), maxAnswer)
	return Outcome{Answer: answer, Err: verdict(response.StatusCode, answer)}
}

func (p post) request(ctx context.Context) (*http.Request, error) {
	document, err := json.Marshal(p.document)
	if err != nil {
		return nil, fmt.Errorf("encode the message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), bytes.NewReader(document))
	if err != nil {
		return nil, errors.New("its address can't be used")
	}
	if p.header != nil {
		request.Header = p.header(document)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "NanoMon/"+version.Version)
	return request, nil
}

// verdict is what a status means for the message.
func verdict(status int, answer string) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status < 400, status >= 500:
		return errors.New(answer)
	}
	return fmt.Errorf("%w: %s", ErrRefused, answer)
}

// unanswered says why there was no answer, without the address, which may hold a token.
func unanswered(ctx context.Context, err error) string {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err.Error()
	}
	if failed.Timeout() || ctx.Err() != nil {
		return "no answer in time"
	}
	return "not reached: " + failed.Err.Error()
}

// redact removes from an answer what it may quote of the request's secrets.
func (h *hook) redact(answer string, to *url.URL) string {
	secrets := append(strings.Split(to.EscapedPath(), "/"), strings.Split(to.Path, "/")...)
	secrets = append(secrets, h.secrets...)
	secrets = append(secrets, to.RawQuery, to.Fragment)
	for _, values := range to.Query() {
		secrets = append(secrets, values...)
	}
	if password, set := to.User.Password(); set {
		secrets = append(secrets, password, to.User.Username())
	}
	return hide(answer, secrets...)
}

// hide replaces each secret in text; what has less than four characters would be found everywhere, and is none.
func hide(text string, secrets ...string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// failure is the outcome where no server said anything.
func failure(err error) Outcome {
	return Outcome{Answer: plain(err.Error(), maxAnswer), Err: err}
}
