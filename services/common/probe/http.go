package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strconv"
	"time"
)

// maxRedirects is how many redirects are followed.
const maxRedirects = 10

var errTooManyRedirects = errors.New("more than " + strconv.Itoa(maxRedirects) + " redirects, probably in a circle")

type httpProbe struct {
	timeout   time.Duration
	maxBody   int
	bodyRegex *regexp.Regexp
	// request is cloned for every run.
	request *http.Request
	client  *http.Client
}

// httpAnswer is a response that was read.
type httpAnswer struct {
	response  *http.Response
	body      []byte
	truncated bool
}

func (p *httpProbe) Run(ctx context.Context) Outcome {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	trace := &httpTrace{}
	started := time.Now()
	got, err := p.fetch(httptrace.WithClientTrace(limited, trace.hooks()))
	took := millis(time.Since(started))
	seen := trace.steps()
	outcome := p.outcome(got, seen, took)
	if err != nil {
		addExpiry(outcome.Outputs, unverified(err))
		outcome.Value = 0
		outcome.Err = failure(ctx, p.timeout, seen.doing, err)
	}
	return outcome
}

func (p *httpProbe) Close() { p.client.CloseIdleConnections() }

// fetch makes the request and reads the response. With an error, the answer holds what came before it.
func (p *httpProbe) fetch(ctx context.Context) (httpAnswer, error) {
	request := p.request.WithContext(ctx)
	if p.request.GetBody != nil {
		request.Body, _ = p.request.GetBody() // It reads a string: no error.
	}
	response, err := p.client.Do(request)
	if err != nil {
		return httpAnswer{}, err
	}
	defer response.Body.Close()
	got := httpAnswer{response: response}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return got, nil // What follows is no body, and has no end.
	}
	got.body, got.truncated, err = readBody(response.Body, response.ContentLength, p.maxBody)
	return got, err
}

// readBody reads body up to most bytes and reports whether there is more. length is what the body is
// said to have, -1 if nothing is said.
func readBody(body io.Reader, length int64, most int) ([]byte, bool, error) {
	// One byte more than expected, so that the end shows without growing.
	size := min(max(length, 511), int64(most)) + 1
	data := make([]byte, 0, size)
	for {
		n, err := body.Read(data[len(data):min(cap(data), most+1)])
		data = data[:len(data)+n]
		switch {
		case len(data) > most:
			return data[:most], true, nil
		case err == io.EOF:
			return data, false, nil
		case err != nil:
			return data, false, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// outcome maps what came, which after an error may be nothing, to outputs.
func (p *httpProbe) outcome(got httpAnswer, seen steps, took float64) Outcome {
	outputs := make(map[string]any, 16)
	seen.addTo(outputs)
	if got.response == nil {
		return Outcome{Outputs: outputs}
	}
	outcome := Outcome{Value: took, Outputs: outputs}
	outputs["respTime"] = took
	outputs["status"] = float64(got.response.StatusCode)
	outputs["body"] = validUTF8(string(got.body))
	outputs["bodyLen"] = float64(len(got.body))
	outputs["bodyTruncated"] = got.truncated
	outputs["finalUrl"] = finalURL(got.response.Request)
	if got.response.TLS != nil {
		addExpiry(outputs, got.response.TLS.PeerCertificates)
	}
	if text, ok := firstGroup(p.bodyRegex, got.body); !ok {
		return outcome
	} else if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
		outputs["regexMatch"], outcome.Value = number, number
	} else {
		outputs["regexMatch"] = printable(text)
	}
	return outcome
}

// firstGroup is what the first group of re matched in body, or the whole match where re has no group.
func firstGroup(re *regexp.Regexp, body []byte) (string, bool) {
	if re == nil {
		return "", false
	}
	groups := re.FindSubmatch(body)
	if groups == nil {
		return "", false
	}
	return string(groups[min(1, len(groups)-1)]), true
}

func finalURL(request *http.Request) string {
	url := *request.URL
	url.User = nil
	return printable(url.String())
}

// addExpiry adds the whole days until the first certificate expires, if there is one.
func addExpiry(outputs map[string]any, chain []*x509.Certificate) {
	if len(chain) > 0 {
		outputs["certExpiryDays"] = math.Floor(time.Until(chain[0].NotAfter).Hours() / 24)
	}
}

// unverified is the certificate chain that err refused, if it is about one.
func unverified(err error) []*x509.Certificate {
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) {
		return refused.UnverifiedCertificates
	}
	return nil
}
