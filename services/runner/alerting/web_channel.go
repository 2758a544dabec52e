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
type webChannel struct {
	name string
	// closes says that closed incidents are posted, too.
	sendsClosed bool
	urls   config.URLs
	client *http.Client
	// post makes the request of m to one of the urls.
	newPost func(n store.Notification, to *url.URL) post
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

func (w *webChannel) Name() string { return w.name }

// Recipients are the scheme and host of each URL, with a number where there are several of one host.
func (w *webChannel) Recipients(n store.Notification) []string {
	if n.Kind == store.KindClosed && !w.sendsClosed {
		return nil
	}
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

func (w *webChannel) Send(ctx context.Context, n store.Notification, to []string) []Outcome {
	outcomes := make([]Outcome, len(to))
	recipients := w.Recipients(n)
	var posts sync.WaitGroup
	for i, recipient := range to {
		at := slices.Index(recipients, recipient)
		if at < 0 {
			outcomes[i] = failedOutcome(fmt.Errorf("%w: this address is no longer configured", ErrRefused))
			continue
		}
		posts.Go(func() { outcomes[i] = w.send(ctx, n, w.urls[at]) })
	}
	posts.Wait()
	return outcomes
}

func (w *webChannel) send(ctx context.Context, n store.Notification, to *url.URL) Outcome {
	request, err := w.newPost(n, to).request(ctx)
	if err != nil {
		return failedOutcome(err)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return failedOutcome(errors.New(w.redact(requestError(ctx, err), to)))
	}
	defer response.Body.Close()
	// What is cut off is not needed, and the status counts even if reading fails.
	body, _ := io.ReadAll(io.LimitReader(response.Body, 16<<10))
	answer := singleLine(fmt.Sprintf("%d %s %s", response.StatusCode, http.StatusText(response.StatusCode), w.redact(string(body), to)), maxAnswer)
	return Outcome{Answer: answer, Err: statusError(response.StatusCode, answer)}
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
func statusError(status int, answer string) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status < 400, status >= 500:
		return errors.New(answer)
	}
	return fmt.Errorf("%w: %s", ErrRefused, answer)
}

// unanswered says why there was no answer, without the address, which may hold a token.
func requestError(ctx context.Context, err error) string {
	var urlError *url.Error
	if !errors.As(err, &urlError) {
		return err.Error()
	}
	if urlError.Timeout() || ctx.Err() != nil {
		return "no answer in time"
	}
	return "not reached: " + urlError.Err.Error()
}

// redact removes from an answer what it may quote of the request's secrets.
func (w *webChannel) redact(answer string, to *url.URL) string {
	secrets := append(strings.Split(to.EscapedPath(), "/"), strings.Split(to.Path, "/")...)
	secrets = append(secrets, w.secrets...)
	secrets = append(secrets, to.RawQuery, to.Fragment)
	for _, values := range to.Query() {
		secrets = append(secrets, values...)
	}
	if password, set := to.User.Password(); set {
		secrets = append(secrets, password, to.User.Username())
	}
	return redactSecrets(answer, secrets...)
}

// hide replaces each secret in text; what has less than four characters would be found everywhere, and is none.
func redactSecrets(text string, secrets ...string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return text
}

// failure is the outcome where no server said anything.
func failedOutcome(err error) Outcome {
	return Outcome{Answer: singleLine(err.Error(), maxAnswer), Err: err}
}
