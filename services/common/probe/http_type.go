package probe

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"nanomon/services/common/hostname"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
)

const defaultUserAgent = "NanoMon/1.0"

func httpType(guard Guard) Type {
	shared := new(sharedConnections)
	return Type{
		Spec: Spec{
			Type:          "http",
			Title:         "HTTP request",
			Doc:           "Sends an HTTP or HTTPS request and reads the response. Without a rule any status is OK.",
			TargetDoc:     "a URL that starts with http:// or https://",
			ExampleTarget: "https://www.example.org/health",
			ValueDoc:      "Time to send the request and read the response, in ms, or the number that bodyRegex finds.",
			Properties:    httpProperties(),
			Outputs:       httpOutputs(),
			ExampleRule:   "status == 200 && respTime < 500",
			RuleHint: "Without a rule every status code is OK, even 500. A rule can require a status code, a " +
				"text in the body (body =~ 'ready'), a value in JSON (json('$.queue') < 10) or a minimum lifetime of the " +
				"certificate.",
		},
		Searches: []secret.Search{{Property: "bodyRegex", Output: "regexMatch", Value: "respTime", Text: "regexText"}},
		New:      func(target string, settings Settings) (Probe, error) { return newHTTP(guard, shared, target, settings) },
	}
}

func httpProperties() []Property {
	return []Property{
		{Name: "method", Kind: KindChoice, Default: "GET",
			Choices: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
			Doc:     "The request method."},
		timeoutProperty("5s", "Maximum duration of the whole check, including redirects and reading the response."),
		{Name: "validateTLS", Kind: KindBool, Default: "true",
			Doc: "If false, the check accepts certificates that are expired, self-signed or for another host."},
		{Name: "tlsMin", Kind: KindChoice, Default: "1.2", Choices: []string{"1.0", "1.1", "1.2", "1.3"},
			Doc: "The oldest TLS version to accept. With 1.0 and 1.1, the check also accepts old and weak cipher suites, " +
				"which old devices may need."},
		{Name: "body", Kind: KindLongText, Secret: true, Doc: "The request body."},
		{Name: "headers", Kind: KindStringMap, Secret: true,
			Doc: "The request headers, a JSON object of strings. Host overrides the host name of the request."},
		{Name: "bodyRegex", Kind: KindRegex,
			Doc: "A regular expression (Go syntax) to search for in the response body. The output regexMatch is the " +
				"match of its first group or, without a group, the whole match."},
		captureProperty(),
		{Name: "userAgent", Kind: KindText, Default: defaultUserAgent,
			Doc: "The User-Agent header, unless headers contains one."},
		{Name: "maxBody", Kind: KindBytes, Default: "1MiB", Min: 1, Max: 64 << 20,
			Doc: "Maximum size of the response body to read. The rest is ignored; the status does not change."},
		{Name: "followRedirects", Kind: KindBool, Default: "true",
			Doc: "If true, the check follows up to 10 redirects. If false, the redirect is the response."},
		networkProperty("ip connects to IPv4 and IPv6 addresses, ip4 or ip6 only to one kind. With a proxy, this " +
			"concerns the connection to the proxy."),
		invertProperty(noConnection, "one is possible, even if TLS or HTTP then fails; with a proxy, this concerns the "+
			"connection to the proxy"),
		{Name: "keepAlive", Kind: KindBool, Default: "false",
			Doc: "If true, the next check reuses the connection if it starts within 90s. This is faster, but hides a " +
				"failed name server, a closed port or a new certificate."},
	}
}

func httpOutputs() []Output {
	return []Output{
		{Name: "respTime", Kind: OutputNumber, Title: "Response time", Unit: "ms",
			Doc: "Time to send the request and read the response, including redirects."},
		{Name: "status", Kind: OutputNumber, Title: "Status code", Doc: "The status code."},
		{Name: "body", Kind: OutputString, RuleOnly: true, Doc: "The response body, up to maxBody."},
		{Name: "bodyLen", Kind: OutputNumber, Title: "Size of the body", Unit: "bytes",
			Doc: "Number of bytes of the body that were read, after decompression."},
		{Name: "bodyTruncated", Kind: OutputBool, Doc: "True if the body is longer than maxBody."},
		{Name: "certExpiryDays", Kind: OutputNumber, Title: "Certificate expires in", Unit: "days",
			Doc: "Whole days until the first certificate expires; negative if it has expired. All certificates from the " +
				"server to the trusted authority count, of all redirects; if validateTLS is false, only the servers' own " +
				"ones. Only for https."},
		{Name: "regexMatch", Kind: OutputNumberOrString, Title: "Match of bodyRegex", EmptyIfAbsent: true,
			Doc: "The match of bodyRegex. If there is no match, it is absent, and rules compare it as an empty text. " +
				"If it is a number, it is also the value of the result."},
		{Name: "regexText", Kind: OutputString, EmptyIfAbsent: true,
			Doc: "The match of bodyRegex as a text, even if it is a number: 1.10 does not become 1.1. If there is no " +
				"match, it is absent, and rules compare it as an empty text."},
		{Name: "dnsTime", Kind: OutputNumber, Title: "Name lookup", Unit: "ms",
			Doc: "Duration of the name lookup, 0 if there was none. After redirects: of the last request."},
		{Name: "connectTime", Kind: OutputNumber, Title: "TCP connection", Unit: "ms",
			Doc: "Time to open the TCP connection, 0 if it was reused. After redirects: of the last request."},
		{Name: "tlsTime", Kind: OutputNumber, Title: "TLS handshake", Unit: "ms",
			Doc: "Duration of the TLS handshake, 0 if there was none. After redirects: of the last request."},
		{Name: "firstByteTime", Kind: OutputNumber, Title: "Wait for the first byte", Unit: "ms",
			Doc: "Time from the end of sending the request to the first byte of the response; absent if none arrived. After " +
				"redirects: of the last request."},
		{Name: "ipAddress", Kind: OutputString,
			Doc: "The IP address of the connection; with a proxy, the address of the proxy."},
		{Name: "finalUrl", Kind: OutputString,
			Doc: "The URL of the last request, after redirects, without user name and password."},
	}
}

func newHTTP(guard Guard, shared *sharedConnections, target string, settings Settings) (Probe, error) {
	request, err := newHTTPRequest(target, settings)
	if err != nil {
		return nil, err
	}
	p := &httpProbe{
		timeout:   settings.Duration("timeout"),
		maxBody:   settings.Bytes("maxBody"),
		bodyRegex: settings.Regex("bodyRegex"),
		keepBody:  settings.RuleUses("body"),
		request:   request,
		redirect:  redirectPolicy(settings.Bool("followRedirects"), settings.FindsReference()),
	}
	p.keepHeaders = settings.RuleUses(Headers)
	if p.captures, err = parseCaptures(settings.StringMap(Capture), httpOutputs()); err != nil {
		return nil, err
	}
	connect := connectionSettings{
		timeout: p.timeout, unverified: !settings.Bool("validateTLS"), tlsMin: tlsVersions[settings.Text("tlsMin")],
		network: settings.Text("network"), keepAlive: settings.Bool("keepAlive"),
	}
	p.connections = shared.get(guard, connect)
	if connect.keepAlive {
		p.kept = p.connections.newTransport()
	}
	return p, nil
}

// newHTTPRequest returns the request that every check sends.
func newHTTPRequest(target string, settings Settings) (*http.Request, error) {
	if !validURL(target) {
		return nil, invalidTarget(
			"a URL that starts with http:// or https://, for example https://www.example.org/health")
	}
	var body io.Reader
	if text := settings.Text("body"); text != "" {
		body = strings.NewReader(text)
	}
	request, err := http.NewRequest(settings.Text("method"), target, body)
	if err != nil || !convertHost(request) {
		return nil, invalidTarget("a URL that can be requested, for example https://www.example.org/health")
	}
	escapeURL(request.URL)
	agent := settings.Text("userAgent")
	if !httpguts.ValidHeaderFieldValue(agent) {
		return nil, monitor.Invalidf("property userAgent: contains characters that are not allowed in a header")
	}
	request.Header.Set("User-Agent", agent)
	if err := setHeaders(request, settings.StringMap("headers")); err != nil {
		return nil, err
	}
	_, own := request.Header["Accept-Encoding"]
	if !own && request.Header.Get("Range") == "" && request.Method != http.MethodHead {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	return request, nil
}

// convertHost converts the host of a request to ASCII. It reports whether that was possible.
func convertHost(request *http.Request) bool {
	request.URL.Host = hostToASCII(request.URL.Host)
	request.Host = request.URL.Host
	return hostname.IsASCII(request.Host)
}

// validURL reports whether target is an HTTP URL. It doesn't validate the host name.
func validURL(target string) bool {
	u, err := url.Parse(target)
	return err == nil && requestable(u) && (u.Port() == "" || validPort(u.Port()))
}

// requestable reports whether u has an HTTP scheme and a host.
func requestable(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func setHeaders(request *http.Request, headers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		host := hostToASCII(value)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			return monitor.Invalidf("property headers: %s is not a header name", quote(name))
		case !httpguts.ValidHeaderFieldValue(value):
			return monitor.Invalidf(
				"property headers: the value of %s contains characters that are not allowed in a header", name)
		case !strings.EqualFold(name, "Host"):
			request.Header.Set(name, value)
		case !httpguts.ValidHostHeader(host):
			return monitor.Invalidf("property headers: the value of %s is not a host name", name)
		default:
			request.Host = host
		}
	}
	return nil
}
