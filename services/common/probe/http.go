package probe

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/pattern"
)

type httpProbe struct {
	timeout   time.Duration
	maxBody   int
	bodyRegex *pattern.Pattern
	// keepBody is true if the rule uses the body, and keepHeaders if it uses headers.
	keepBody, keepHeaders bool
	// captures holds the paths of the captured outputs by their names.
	captures map[string]*jsonbody.Path
	// request is cloned for every check.
	request     *http.Request
	redirect    func(next *http.Request, via []*http.Request) error
	connections *connections
	// kept is the transport of all checks with keepAlive; otherwise nil.
	kept *http.Transport
}

// httpResponse is a response and the part of its body that was read.
type httpResponse struct {
	response *http.Response
	body
}

func (p *httpProbe) Run(ctx context.Context) Outcome {
	limited, cancel := limitCheck(ctx, p.timeout)
	defer cancel()
	trace := &httpTrace{}
	started := time.Now()
	got, err := p.fetch(trace.context(limited))
	duration := millis(time.Since(started))
	progress := trace.progress()
	outcome := p.outcome(got, progress, duration)
	bodyErr := p.addBody(limited, &outcome, got.body)
	if err = cmp.Or(err, bodyErr); err != nil {
		if progress.askedCertificate && got.response == nil {
			err = clientCertificateError{err}
		}
		addExpiry(outcome.Outputs, earlier(progress.expiry, unverifiedExpiry(err)))
		outcome.Value = 0
		outcome.Contact = trace.contact(ctx, err)
		outcome.Err = failure(ctx, p.timeout, progress.step, err)
	}
	return outcome
}

func (p *httpProbe) Close() {
	if p.kept != nil {
		p.kept.CloseIdleConnections()
	}
}

// fetch sends the request and reads the response. If there is an error, it also returns the part that was read before.
func (p *httpProbe) fetch(ctx context.Context) (httpResponse, error) {
	request := p.request.WithContext(ctx)
	if p.request.GetBody != nil {
		request.Body, _ = p.request.GetBody() // Reading a string never fails.
	}
	client := http.Client{CheckRedirect: p.redirect, Jar: newCookieJar()}
	if p.kept != nil {
		client.Transport = p.kept
	} else {
		once := &checkTransport{connections: p.connections}
		defer once.close()
		client.Transport = once
	}
	response, err := client.Do(request)
	if err != nil {
		return httpResponse{}, err
	}
	defer response.Body.Close()
	got := httpResponse{response: response}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return got, nil // The data after this response is not a body and may never end.
	}
	got.body, err = p.readBody(ctx, response)
	return got, err
}

// outcome maps a response to outputs. After an error, the response may be missing or incomplete.
func (p *httpProbe) outcome(got httpResponse, progress progress, duration float64) Outcome {
	outputs := make(map[string]any, 14) // as many as there are outputs; a map for 15 takes twice the memory
	progress.addTo(outputs)
	addExpiry(outputs, progress.expiry)
	if got.response == nil {
		return Outcome{Outputs: outputs}
	}
	outcome := Outcome{Value: duration, Outputs: outputs}
	outputs["respTime"] = duration
	outputs["status"] = float64(got.response.StatusCode)
	outputs["bodyLen"] = float64(got.length)
	outputs["bodyTruncated"] = got.truncated
	outputs["finalUrl"] = finalURL(got.response.Request)
	if p.keepHeaders {
		outputs[Headers] = got.response.Header
	}
	return outcome
}

// addBody adds the outputs that depend on the content of the body.
func (p *httpProbe) addBody(ctx context.Context, outcome *Outcome, got body) error {
	if !p.needsText() {
		return nil
	}
	text, err := got.toUTF8(ctx)
	if err != nil {
		return err
	}
	if err := capture(ctx, outcome, p.captures, text, got.truncated); err != nil {
		return err
	}
	if p.keepBody {
		if outcome.Outputs["body"], err = validText(ctx, text); err != nil {
			return err
		}
	}
	if p.bodyRegex == nil {
		return nil
	}
	match, found, err := p.bodyRegex.FirstGroup(ctx, text)
	if err != nil {
		return errSlowRegex
	}
	if !found {
		return nil
	}
	return addMatch(ctx, outcome, match)
}

// addMatch adds the match of bodyRegex. If it is a number, it becomes the value.
func addMatch(ctx context.Context, outcome *Outcome, match string) error {
	text, err := validText(ctx, match)
	if err != nil {
		return err
	}
	if len(text) <= maxOutputChars*utf8.UTFMax {
		text = strings.Clone(text) // A part of the body would keep all of it in memory.
	}
	outcome.Outputs["regexMatch"], outcome.Outputs["regexText"] = text, text
	if len(text) > maxOutputChars {
		return nil // A number is shorter, and ParseFloat would copy the text.
	}
	number, err := strconv.ParseFloat(text, 64)
	if err == nil && !math.IsInf(number, 0) && !math.IsNaN(number) {
		outcome.Outputs["regexMatch"], outcome.Value = number, number
	}
	return nil
}

func finalURL(request *http.Request) string {
	url := *request.URL
	url.User = nil
	return validUTF8(url.String())
}
