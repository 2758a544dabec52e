// Package host serves the web page and its configuration.
package host

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"nanomon/services/common/config"
	"nanomon/services/common/web"
)

// Config configures the page.
type Config struct {
	// APIEndpoint is the address of the API: a path on the page's own host, such as /api, or an absolute URL.
	APIEndpoint        string
	Auth               config.Auth
	Version, BuildInfo string
}

type host struct {
	settings []byte
	// security are the headers of documents and workers.
	security http.Header
	assets   map[string]*asset
	// apiOrigin is the origin of the API; empty if the API has the origin of the page.
	apiOrigin string
}

// New returns the handler of the page's port. It serves app, which has index.html at its root, the documentation docs as web
// pages below /docs/, and the configuration at /config and /config.json. Paths below /api are not found, so that a wrong
// API_ENDPOINT is noticed. Requests for status pages are redirected to the API if it has another origin.
func New(cfg Config, app, docs fs.FS, log *slog.Logger) (http.Handler, error) {
	policy, err := contentPolicy(cfg)
	if err != nil {
		return nil, err
	}
	app, err = withBuild(app, cfg.Auth.AuthClientID != "")
	if err != nil {
		return nil, err
	}
	assets, err := findAssets(app)
	if err != nil {
		return nil, err
	}
	if err := addDocumentation(assets, docs); err != nil {
		return nil, err
	}
	settings, err := json.Marshal(map[string]any{
		"API_ENDPOINT":       cfg.APIEndpoint,
		"AUTH_CLIENT_ID":     cfg.Auth.AuthClientID,
		"AUTH_TENANT":        cfg.Auth.AuthTenant,
		"AUTH_ISSUER":        cfg.Auth.AuthIssuer,
		"AUTH_AUDIENCE":      cfg.Auth.AuthAudience,
		"AUTH_PROTECT_READS": cfg.Auth.AuthProtectReads,
		"VERSION":            cfg.Version,
		"BUILD_INFO":         cfg.BuildInfo,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the page's configuration: %w", err)
	}
	h := &host{settings: append(settings, '\n'), assets: assets, security: http.Header{
		"Content-Security-Policy":    {policy},
		"Cross-Origin-Opener-Policy": {"same-origin"},
		"Referrer-Policy":            {"no-referrer"},
	}}
	h.apiOrigin, _ = originOf(cfg.APIEndpoint)
	quiet := append(slices.Collect(maps.Keys(assets)), "/config", "/config.json")
	return web.HidePingURLs(web.LogRequests(log, quiet...)(h)), nil
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := h.assets[r.URL.Path]
	h.secure(w.Header(), found == nil || found.kind.needsPolicy)
	if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		web.Error(w, r, web.Problemf(http.StatusNotFound, "the API is not on this port; set API_ENDPOINT to its address"))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/status/") || strings.HasPrefix(r.URL.Path, "/badges/") {
		h.redirectToStatus(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are possible here", http.StatusMethodNotAllowed)
		return
	}
	switch {
	case found != nil:
		found.serve(w, r)
	case r.URL.Path == "/config", r.URL.Path == "/config.json":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		// An error means that the client is gone.
		_, _ = w.Write(h.settings)
	case r.URL.Path+"/" == docsPath:
		// A relative address is also right below a path that a proxy removes.
		w.Header().Set("Location", "docs/")
		w.WriteHeader(http.StatusFound)
	default:
		http.Error(w, "there is nothing at this address", http.StatusNotFound)
	}
}

// redirectToStatus redirects a request for a status page or a badge to the API, which serves them.
func (h *host) redirectToStatus(w http.ResponseWriter, r *http.Request) {
	_, apiHost, _ := strings.Cut(h.apiOrigin, "://")
	if h.apiOrigin == "" || strings.EqualFold(apiHost, r.Host) { // The second would redirect to itself.
		http.Error(w, "The API serves status pages. Let the proxy send /status/ and /badges/ to the API, "+
			"or set API_ENDPOINT to the absolute URL of the API.", http.StatusNotFound)
		return
	}
	address := h.apiOrigin + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	// Scripts of all sites may read the data, also through a redirect.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// secure adds the security headers of a response. The files that a document loads follow the headers of the document, and
// browsers never run scripts in a file that is not a document. So other files need only nosniff, which prevents that
// browsers treat them as another type. A worker follows the headers of its own script.
func (h *host) secure(to http.Header, needsPolicy bool) {
	if needsPolicy {
		maps.Copy(to, h.security)
	}
	to.Set("X-Content-Type-Options", "nosniff")
}
