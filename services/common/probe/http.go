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

type httpProbe struct {
	timeout   time.Duration
	maxBody   int
	bodyRegex *regexp.Regexp
	// request is cloned for every check.
	request *http.Request
	client  *http.Client
}

// httpResponse is a response and the part of its body that was read.
type httpResponse struct {
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
	duration := millis(time.Since(started))
	progress := trace.progress()
	outcome := p.outcome(got, progress, duration)
	if err != nil {
		addExpiry(outcome.Outputs, unverifiedCertificates(err))
		outcome.Value = 0
		outcome.Err = failure(ctx, p.timeout, progress.step, err)
	}
	return outcome
}

func (p *httpProbe) Close() { p.client.CloseIdleConnections() }

// fetch sends the request and reads the response. If there is an error, it also returns the part that was read before.
func (p *httpProbe) fetch(ctx context.Context) (httpResponse, error) {
	request := p.request.WithContext(ctx)
	if p.request.GetBody != nil {
		request.Body, _ = p.request.GetBody() // Reading a string never fails.
	}
	response, err := p.client.Do(request)
	if err != nil {
		return httpResponse{}, err
	}
	defer response.Body.Close()
	got := httpResponse{response: response}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return got, nil // The data after this response is not a body and may never end.
	}
	got.body, got.truncated, err = readBody(response.Body, response.ContentLength, p.maxBody)
	return got, err
}

// readBody reads at most limit bytes of body and reports whether the body is longer. length is the Content-Length, or
// -1 if unknown.
func readBody(body io.Reader, length int64, limit int) ([]byte, bool, error) {
	// One extra byte allows the read that detects the end without enlarging the buffer.
	size := min(max(length, 511), int64(limit)) + 1
	data := make([]byte, 0, size)
	for {
		n, err := body.Read(data[len(data):min(cap(data), limit+1)])
		data = data[:len(data)+n]
		switch {
		case len(data) > limit:
			return data[:limit], true, nil
		case err == io.EOF:
			return data, false, nil
		case err != nil:
			return data, false, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// outcome maps a response to outputs. After an error, the response may be missing or incomplete.
func (p *httpProbe) outcome(got httpResponse, progress progress, duration float64) Outcome {
	outputs := make(map[string]any, 16)
	progress.addTo(outputs)
	if got.response == nil {
		return Outcome{Outputs: outputs}
	}
	outcome := Outcome{Value: duration, Outputs: outputs}
	outputs["respTime"] = duration
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

// firstGroup returns the match of the first group of re in body, or the whole match if re has no group.
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

// addExpiry adds the number of whole days until the first certificate of chain expires, if there is one.
func addExpiry(outputs map[string]any, chain []*x509.Certificate) {
	if len(chain) > 0 {
		outputs["certExpiryDays"] = math.Floor(time.Until(chain[0].NotAfter).Hours() / 24)
	}
}

// unverifiedCertificates returns the certificate chain that failed the verification, if err is such a failure.
func unverifiedCertificates(err error) []*x509.Certificate {
	var invalid *tls.CertificateVerificationError
	if errors.As(err, &invalid) {
		return invalid.UnverifiedCertificates
	}
	return nil
}
