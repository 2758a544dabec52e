package channel

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/plain"
	"nanomon/services/common/version"
	"nanomon/services/runner/alerting/notify"
)

const (
	// webTimeout limits one request as a whole.
	webTimeout = 20 * time.Second
	// maxAnswer is the number of characters of an answer that are stored.
	maxAnswer = 200
)

// colours maps a tone to the colour of the notification.
var colours = map[string]string{"failed": "#b3261e", "error": "#97500a", "warning": "#756300", "ok": "#15703c", "test": "#1d4ed8"}

// newWebClient returns a client for requests to web services: each request has its own connection and takes at most
// webTimeout. The client follows no redirects.
func newWebClient(roots *x509.CertPool) *http.Client {
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

// webChannel is a [notify.Channel] that posts JSON documents to web services.
type webChannel struct {
	name string
	// sendsClosed is what SendsClosed returns.
	sendsClosed bool
	urls        config.URLs
	client      *http.Client
	// newPost builds the request for m to one of the urls.
	newPost func(m notify.Message, to *url.URL) post
	// secrets must not appear in an answer. The parts of a URL after the host are always removed and needn't be listed.
	secrets []string
}

// post is a request with a JSON document.
type post struct {
	url      *url.URL
	document any
	// header returns additional headers for the encoded document; it may be nil.
	header func(document []byte) http.Header
}

func (w *webChannel) Name() string { return w.name }

func (w *webChannel) SendsClosed() bool { return w.sendsClosed }

// Recipients returns the scheme and host of each URL, with a number if several have the same host.
func (w *webChannel) Recipients([]string) []string {
	recipients := make([]string, 0, len(w.urls))
	count := make(map[string]int)
	for _, u := range w.urls {
		origin := u.Scheme + "://" + u.Host
		count[origin]++
		if c := count[origin]; c > 1 {
			origin = fmt.Sprintf("%s (%d)", origin, c)
		}
		recipients = append(recipients, origin)
	}
	return recipients
}

func (w *webChannel) Send(ctx context.Context, m notify.Message, to []string) []notify.Outcome {
	outcomes := make([]notify.Outcome, len(to))
	recipients := w.Recipients(nil)
	var posts sync.WaitGroup
	for i, recipient := range to {
		at := slices.Index(recipients, recipient)
		if at < 0 {
			outcomes[i] = failedOutcome(fmt.Errorf("%w: this address is no longer configured", notify.ErrRefused))
			continue
		}
		posts.Go(func() { outcomes[i] = w.send(ctx, m, w.urls[at]) })
	}
	posts.Wait()
	return outcomes
}

func (w *webChannel) send(ctx context.Context, m notify.Message, to *url.URL) notify.Outcome {
	request, err := w.newPost(m, to).request(ctx)
	if err != nil {
		return failedOutcome(err)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return failedOutcome(errors.New(w.redact(requestError(ctx, err), to)))
	}
	defer response.Body.Close()
	// The status counts even if reading the body fails.
	body, _ := io.ReadAll(io.LimitReader(response.Body, 16<<10))
	status := fmt.Sprintf("%d %s ", response.StatusCode, http.StatusText(response.StatusCode))
	answer := plain.Line(status+w.redact(string(body), to), maxAnswer)
	return notify.Outcome{
		Answer: answer, Err: statusError(response.StatusCode, answer), RetryAfter: retryAfter(response),
	}
}

// retryAfter returns the time for which a busy server asks for no more requests; 0 if it does not.
func retryAfter(response *http.Response) time.Duration {
	busy := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
	text := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); busy && err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); busy && err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

func (p post) request(ctx context.Context) (*http.Request, error) {
	document, err := json.Marshal(p.document)
	if err != nil {
		return nil, fmt.Errorf("encode the document: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), bytes.NewReader(document))
	if err != nil {
		return nil, errors.New("the configured URL is not valid")
	}
	if p.header != nil {
		request.Header = p.header(document)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "NanoMon/"+version.Version)
	return request, nil
}

// statusError returns nil for a successful status, an error that wraps [notify.ErrRefused] if a retry can't succeed,
// and else an error that is worth a retry.
func statusError(status int, answer string) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status < 400, status >= 500:
		return errors.New(answer)
	}
	return fmt.Errorf("%w: %s", notify.ErrRefused, answer)
}

// requestError returns the reason why there was no response, without the URL, which may contain a token.
func requestError(ctx context.Context, err error) string {
	var urlError *url.Error
	if !errors.As(err, &urlError) {
		return err.Error()
	}
	if urlError.Timeout() || ctx.Err() != nil {
		return "no answer in time"
	}
	return "connection failed: " + urlError.Err.Error()
}

// redact removes from an answer the secrets of the request, which a server may repeat.
func (w *webChannel) redact(answer string, to *url.URL) string {
	secrets := append(strings.Split(to.EscapedPath(), "/"), strings.Split(to.Path, "/")...)
	secrets = append(secrets, w.secrets...)
	secrets = append(secrets, to.RawQuery, to.Fragment)
	for _, values := range to.Query() {
		secrets = append(secrets, values...)
	}
	if name := to.User.Username(); to.User != nil {
		password, _ := to.User.Password()
		secrets = append(secrets, name, password, base64.StdEncoding.EncodeToString([]byte(name+":"+password)))
	}
	return redactSecrets(answer, secrets...)
}

// redactSecrets replaces each secret in text with ***. It ignores secrets of less than four characters, which would
// match ordinary text.
func redactSecrets(text string, secrets ...string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// failedOutcome returns the outcome of an attempt that got no answer.
func failedOutcome(err error) notify.Outcome {
	return notify.Outcome{Answer: plain.Line(err.Error(), maxAnswer), Err: err}
}
