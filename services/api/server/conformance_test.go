package server

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"

	spec "nanomon/api"
	"nanomon/services/api/statuspage/public"
	"nanomon/services/common/web"
)

func init() {
	for _, kind := range []string{"application/openmetrics-text", "text/html", "application/atom+xml", "image/svg+xml", "image/png"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.RegisteredBodyDecoder("text/plain"))
	}
}

// specification returns the parsed api/openapi.yaml.
var specification = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec.Specification())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// conformingHandler returns the handler of a server. It fails the test if a response does not conform to the
// specification, or if the server accepts a request that the specification forbids.
func conformingHandler(t *testing.T, s *Server) http.Handler {
	t.Helper()
	doc, err := specification()
	must(t, err)
	return &conforming{t, doc, s.Handler()}
}

// conformingHandlerWith is like [conformingHandler], with a specification that has one more monitor type.
func conformingHandlerWith(t *testing.T, s *Server, monitorType string) http.Handler {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(spec.Specification())
	must(t, err)
	types := doc.Components.Schemas["MonitorType"].Value
	types.Enum = append(types.Enum, monitorType)
	return &conforming{t, doc, s.Handler()}
}

type conforming struct {
	t       *testing.T
	doc     *openapi3.T
	handler http.Handler
}

func (c *conforming) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if oldPaths[r.URL.Path] != "" { // The specification has only the new paths.
		c.handler.ServeHTTP(w, r)
		return
	}
	x := &exchange{ResponseWriter: w, doc: c.doc, request: r}
	if r.Body != nil {
		r = r.WithContext(r.Context())
		r.Body = reader{io.TeeReader(r.Body, &x.received), r.Body}
	}
	c.handler.ServeHTTP(x, r)
	if x.status == 0 { // net/http sends the status
		x.status, x.header = http.StatusOK, w.Header().Clone()
	}
	if err := x.check(c.handler.(chi.Routes)); err != nil {
		c.t.Error(err)
	}
}

type reader struct {
	io.Reader
	io.Closer
}

// exchange is a request and its response.
type exchange struct {
	http.ResponseWriter
	doc     *openapi3.T
	request *http.Request
	// received contains the part of the request body that the server has read.
	received bytes.Buffer
	// status is 0 before the response. header is the header as it was sent; body stays empty for a stream.
	status int
	header http.Header
	body   bytes.Buffer
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status, x.header = status, x.Header().Clone()
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(data []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if !x.isStream() {
		x.body.Write(data)
	}
	return x.ResponseWriter.Write(data)
}

// Unwrap supports http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) isStream() bool { return x.header.Get("Content-Type") == "text/event-stream" }

// check returns an error that names the route, the status and the difference.
func (x *exchange) check(routes chi.Routes) error {
	if x.request.Context().Err() != nil {
		return nil // the client does not get the response
	}
	method, match := x.request.Method, chi.NewRouteContext()
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := cmp.Or(x.request.URL.RawPath, x.request.URL.Path)
	if strings.HasPrefix(path, web.PingPath) {
		path = strings.TrimSuffix(x.request.URL.Path, "/")
	}
	pattern := routes.Find(match, method, path)
	if !slices.Contains(allowedMethods(routes, path), method) {
		pattern = "" // a route with more literal text precedes
	}
	err := x.decompress()
	parameters := make(map[string]string)
	for _, name := range []string{"id", "message", "uuid", "exitStatus", "slug", "entry"} {
		parameters[name] = match.URLParam(name)
	}
	switch {
	case err != nil:
	case pattern == "":
		err = x.checkNoRoute()
	default:
		err = x.checkRoute(method, pattern, parameters)
	}
	if err == nil {
		return nil
	}
	difference, _, _ := strings.Cut(err.Error(), "\nSchema:") // omits the schema and the value
	return fmt.Errorf("%s %s, status %d: %s", x.request.Method, cmp.Or(pattern, path), x.status, difference)
}

// decompress replaces a compressed body.
func (x *exchange) decompress() error {
	if x.header.Get("Content-Encoding") == "" || x.body.Len() == 0 {
		return nil
	}
	data, err := decompress(x.header, x.body.Bytes())
	x.body = *bytes.NewBuffer(data)
	return err
}

// decompress returns the data of a body that is compressed as its header says.
func decompress(h http.Header, body []byte) ([]byte, error) {
	switch h.Get("Content-Encoding") {
	case "br":
		return io.ReadAll(brotli.NewReader(bytes.NewReader(body)))
	case "gzip":
		zipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(zipped)
	}
	return body, nil
}

// checkNoRoute checks responses that the specification describes for no operation in particular.
func (x *exchange) checkNoRoute() error {
	switch x.status {
	case http.StatusNoContent: // a preflight request
		return nil
	case http.StatusMethodNotAllowed:
		if x.header.Get("Allow") == "" {
			return errors.New("the header Allow is missing")
		}
		return x.checkProblem()
	case http.StatusNotFound:
		return x.checkProblem()
	default:
		return errors.New("the router has no such route")
	}
}

func (x *exchange) checkProblem() error {
	if x.request.Method == http.MethodHead {
		return nil
	}
	var problem any
	if err := json.Unmarshal(x.body.Bytes(), &problem); err != nil {
		return err
	}
	return x.doc.Components.Schemas["Problem"].Value.VisitJSON(problem, openapi3.EnableJSONSchema2020())
}

func (x *exchange) checkRoute(method, pattern string, path map[string]string) error {
	item := x.doc.Paths.Value(pattern)
	if item == nil || item.GetOperation(method) == nil {
		return errors.New("the specification has no such route")
	}
	request := x.request.Clone(context.Background())
	body := bytes.TrimPrefix(x.received.Bytes(), []byte(byteOrderMark)) // not part of the JSON
	request.Method, request.Body = method, io.NopCloser(bytes.NewReader(body))
	switch { // The server ignores the content type, except of forms.
	case public.HasPath(pattern):
	case strings.HasPrefix(pattern, web.PingPath):
		request.Header.Set("Content-Type", "text/plain")
	default:
		request.Header.Set("Content-Type", "application/json")
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: path,
		Route: &routers.Route{Spec: x.doc, Path: pattern, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			ExcludeResponseBody: x.request.Method == http.MethodHead || x.isStream(),
		},
	}
	if x.status < http.StatusMultipleChoices {
		if err := openapi3filter.ValidateRequest(request.Context(), input); err != nil {
			return fmt.Errorf("the server accepted a request that the specification forbids: %w", err)
		}
	}
	return x.checkResponse(input)
}

func (x *exchange) checkResponse(input *openapi3filter.RequestValidationInput) error {
	documented := input.Route.Operation.Responses.Status(x.status)
	switch {
	case documented == nil:
		return errors.New("the status is not documented")
	case len(documented.Value.Content) == 0 && x.body.Len() > 0:
		return errors.New("a body is not documented")
	}
	key := conformingResponse{x.doc, input.Route.Operation, x.status, fmt.Sprint(x.header), x.body.String(), input.Options.ExcludeResponseBody}
	if _, known := conformingResponses.Load(key); known {
		return nil
	}
	err := openapi3filter.ValidateResponse(input.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: x.status, Header: x.header, Options: input.Options, Body: io.NopCloser(&x.body),
	})
	if err == nil {
		conformingResponses.Store(key, true)
	}
	return err
}

// conformingResponses contains the responses that conform. Each check compiles the schemas again, which takes
// milliseconds, and thousands of responses are the same.
var conformingResponses sync.Map

type conformingResponse struct {
	doc          *openapi3.T
	operation    *openapi3.Operation
	status       int
	header, body string
	withoutBody  bool
}

// routesOf returns the routes of a server in the form "GET /api/monitors/{id}".
func routesOf(t *testing.T, s *Server) []string {
	t.Helper()
	var found []string
	must(t, chi.Walk(s.Handler().(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		found = append(found, method+" "+route)
		return nil
	}))
	return found
}

func TestRoutesMatchSpecification(t *testing.T) {
	doc, err := specification()
	must(t, err)
	var specified []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			specified = append(specified, method+" "+path)
		}
	}
	routed := routesOf(t, newServer(openStore(t)))
	slices.Sort(specified)
	slices.Sort(routed)
	same(t, "list of routes", specified, routed)
}

func TestEveryHandlerIsCheckedForConformance(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if file != "conformance_test.go" && bytes.Contains(text, []byte(".Handler()")) {
			t.Errorf("%s calls Handler() without conformance checks: use conformingHandler", file)
		}
	}
}
