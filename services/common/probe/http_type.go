package probe

import (
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"nanomon/services/common/monitor"
)

func httpType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "http",
			Title:         "HTTP request",
			Doc:           "Makes an HTTP or HTTPS request and reads the response. Every status code is an answer; the rule decides.",
			TargetDoc:     "a URL that begins with http:// or https://",
			ExampleTarget: "https://www.example.org/health",
			ValueDoc:      "Time to make the request and read the response, in ms; or the number that bodyRegex finds, where it finds one.",
			Properties:    httpProperties(),
			Outputs:       httpOutputs(),
			ExampleRule:   "status == 200 && respTime < 500",
			RuleHint:      "Without a rule any status code is OK, 500 too. A rule can ask for a status, a text in the body (body =~ 'ready') or days left on the certificate.",
		},
		New: func(target string, settings Settings) (Probe, error) { return newHTTP(guard, target, settings) },
	}
}

func httpProperties() []Property {
	return []Property{
		{Name: "method", Kind: KindChoice, Default: "GET", Choices: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
			Doc: "The request method."},
		timeoutProperty("5s", "How long the whole check may take, redirects and reading the response included."),
		{Name: "validateTLS", Kind: KindBool, Default: "true", Doc: "False accepts a certificate that is expired, self-signed or for another host."},
		{Name: "body", Kind: KindLongText, Doc: "The body of the request."},
		{Name: "headers", Kind: KindStringMap, Doc: "Headers of the request, as a JSON object of strings; Host sets the host that is asked for."},
		{Name: "bodyRegex", Kind: KindRegex, Doc: "A regular expression (Go syntax) to look for in the response body. What its first group matches, or all of it where it has none, is the output regexMatch."},
		{Name: "userAgent", Kind: KindText, Default: "NanoMon/1.0", Doc: "The User-Agent header; one in headers wins."},
		{Name: "maxBody", Kind: KindBytes, Default: "1MiB", Min: 1, Max: 64 << 20, Doc: "How much of the response body is read. What is beyond is cut off, which is no fault."},
		{Name: "followRedirects", Kind: KindBool, Default: "true", Doc: "False takes a redirect itself as the answer; true follows up to 10."},
		{Name: "keepAlive", Kind: KindBool, Default: "false",
			Doc: "True keeps the connection for the next check, if that comes within 90s: cheaper, but it hides a dead name server, listener or certificate."},
	}
}

func httpOutputs() []Output {
	return []Output{
		{Name: "respTime", Kind: OutputNumber, Unit: "ms", Doc: "Time to make the request and read the response, redirects included."},
		{Name: "status", Kind: OutputNumber, Doc: "The status code."},
		{Name: "body", Kind: OutputString, RuleOnly: true, Doc: "The response body, up to maxBody."},
		{Name: "bodyLen", Kind: OutputNumber, Unit: "bytes", Doc: "How much of the body was read, after decompression."},
		{Name: "bodyTruncated", Kind: OutputBool, Doc: "True when the body is longer than maxBody."},
		{Name: "certExpiryDays", Kind: OutputNumber, Unit: "days", Doc: "Whole days until the server's certificate expires, negative once it has; https only."},
		{Name: "regexMatch", Kind: OutputNumberOrString, Doc: "What bodyRegex found; left out where it found nothing. Where it reads as a number it is one, and the result's value too."},
		{Name: "dnsTime", Kind: OutputNumber, Unit: "ms", Doc: "Time of the name lookup, 0 when none was needed; of the last request, where there were redirects."},
		{Name: "connectTime", Kind: OutputNumber, Unit: "ms", Doc: "Time to open the TCP connection, 0 when one was kept; of the last request, where there were redirects."},
		{Name: "tlsTime", Kind: OutputNumber, Unit: "ms", Doc: "Time of the TLS handshake, 0 when there was none; of the last request, where there were redirects."},
		{Name: "firstByteTime", Kind: OutputNumber, Unit: "ms", Doc: "Time from the request sent to the first byte of the response; of the last request, where there were redirects."},
		{Name: "ipAddress", Kind: OutputString, Doc: "The address that was connected to; that of the proxy, if there is one."},
		{Name: "finalUrl", Kind: OutputString, Doc: "The URL that answered, after redirects, without user name and password."},
	}
}

func newHTTP(guard Guard, target string, settings Settings) (Probe, error) {
	request, err := newHTTPRequest(target, settings)
	if err != nil {
		return nil, err
	}
	timeout := settings.Duration("timeout")
	return &httpProbe{
		timeout:   timeout,
		maxBody:   settings.Bytes("maxBody"),
		bodyRegex: settings.Regex("bodyRegex"),
		request:   request,
		client: &http.Client{
			Transport:     newTransport(guard, timeout, settings),
			CheckRedirect: redirectPolicy(settings.Bool("followRedirects")),
		},
	}, nil
}

// newTransport makes the connections of one probe; it shares none with any other. Its own timeouts end what
// it may go on doing after a run has ended.
func newTransport(guard Guard, timeout time.Duration, settings Settings) *http.Transport {
	keep := settings.Bool("keepAlive")
	dialer := guard.dialer()
	dialer.Timeout = timeout
	if !keep {
		dialer.KeepAlive = -1 // It would cost system calls on a connection that lives for one request.
	}
	return &http.Transport{
		Proxy:                  guard.viaProxy(http.ProxyFromEnvironment),
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: !settings.Bool("validateTLS")},
		TLSHandshakeTimeout:    timeout,
		DisableKeepAlives:      !keep,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
	}
}

func redirectPolicy(follow bool) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		switch {
		case !follow:
			return http.ErrUseLastResponse
		case len(via) > maxRedirects:
			return errTooManyRedirects
		case next.URL.Host != via[0].URL.Host:
			next.Header.Del("Referer") // It holds the query of the URL before, which may be a secret.
		}
		return nil
	}
}

// newHTTPRequest builds what every run sends.
func newHTTPRequest(target string, settings Settings) (*http.Request, error) {
	if !validURL(target) {
		return nil, invalidTarget("a URL that begins with http:// or https://, for example https://www.example.org/health")
	}
	var body io.Reader
	if text := settings.Text("body"); text != "" {
		body = strings.NewReader(text)
	}
	request, err := http.NewRequest(settings.Text("method"), target, body)
	if err != nil {
		return nil, invalidTarget("a URL that can be requested, for example https://www.example.org/health")
	}
	agent := settings.Text("userAgent")
	if !httpguts.ValidHeaderFieldValue(agent) {
		return nil, monitor.Invalidf("property userAgent: has characters that a header can't hold")
	}
	request.Header.Set("User-Agent", agent)
	return request, setHeaders(request, settings.StringMap("headers"))
}

// validURL doesn't judge the host's name: it may be international.
func validURL(target string) bool {
	u, err := url.Parse(target)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		(u.Port() == "" || validPort(u.Port()))
}

func setHeaders(request *http.Request, headers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return monitor.Invalidf("property headers: %s is not a header name", quote(name))
		case !httpguts.ValidHeaderFieldValue(value):
			return monitor.Invalidf("property headers: the value of %s has characters that a header can't hold", name)
		case !strings.EqualFold(name, "Host"):
			request.Header.Set(name, value)
		case !httpguts.ValidHostHeader(value):
			return monitor.Invalidf("property headers: the value of %s is not a host name", name)
		default:
			request.Host = value
		}
	}
	return nil
}
