package simulate

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"nanomon/tests/deploy/kubernetes"
)

// checkDatabase reports hosts in a MongoDB URI that look like services but don't exist.
func checkDatabase(t testing.TB, objects []kubernetes.Object, uri string) {
	t.Helper()
	_, rest, _ := strings.Cut(uri, "://")
	hosts, _, _ := strings.Cut(rest[strings.LastIndex(rest, "@")+1:], "/")
	for _, host := range strings.Split(hosts, ",") {
		name, port, _ := strings.Cut(host, ":")
		names := strings.Split(name, ".")
		// A host is a service, a pod of a service, or outside of the cluster.
		if len(names) > 2 && !slices.Contains(names, "svc") {
			continue
		}
		if !slices.ContainsFunc(names[:min(2, len(names))], func(n string) bool { return serves(find(objects, n), port) }) {
			t.Errorf("MONGO_URI: no service has the name and port of %s", host)
		}
	}
}

// checkEndpoint reports an API_ENDPOINT on localhost whose port is not a port of the API, because it could not be
// forwarded.
func checkEndpoint(t testing.TB, api *pod, endpoint string) {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatalf("API_ENDPOINT: %v", err)
	}
	if u.Hostname() == "localhost" && !api.hasPort(u.Port()) {
		t.Errorf("API_ENDPOINT: the API doesn't have the port of %s", endpoint)
	}
}

// find returns the service of that name, or nil if there is none.
func find(objects []kubernetes.Object, name string) *core.Service {
	for _, o := range objects {
		if service, ok := o.(*core.Service); ok && service.Name == name {
			return service
		}
	}
	return nil
}

func serves(service *core.Service, port string) bool {
	return service != nil && slices.ContainsFunc(service.Spec.Ports, func(p core.ServicePort) bool { return strconv.Itoa(int(p.Port)) == port })
}

func selects(service *core.Service, p *pod) bool {
	return labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(p.labels))
}

// routes forward requests to pods by host name and path, like an ingress controller or a gateway.
type routes []route

type route struct {
	// host is empty for all host names.
	host, path string
	// exact is false if path is a prefix.
	exact bool
	to    *httputil.ReverseProxy
}

func (r route) matches(path string) bool {
	if r.exact {
		return path == r.path
	}
	return strings.HasPrefix(path+"/", strings.TrimSuffix(r.path, "/")+"/")
}

// ServeHTTP forwards the request by the longest matching path, comparing whole path segments. Only the routes of the
// requested host name count. If it has none, the rules of the first host name count, so that tests need no host name for the page.
func (rs routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := rs[0].host
	if rs.has(r.Host) {
		host = r.Host
	}
	for _, candidate := range rs {
		if candidate.host == host && candidate.matches(r.URL.Path) {
			candidate.to.ServeHTTP(w, r)
			return
		}
	}
	http.NotFound(w, r)
}

func (rs routes) has(host string) bool {
	return slices.ContainsFunc(rs, func(r route) bool { return r.host == host })
}

func routesOf(objects []kubernetes.Object, pods []*pod) routes {
	var found routes
	add := func(r route, service string) {
		for _, p := range pods {
			u, err := url.Parse(p.address)
			if s := find(objects, service); err == nil && p.address != "" && s != nil && selects(s, p) {
				// Unlike [httputil.NewSingleHostReverseProxy], this sets the headers X-Forwarded-*.
				r.to = &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
					request.SetURL(u)
					request.SetXForwarded()
					request.Out.Host = request.In.Host
				}}
				found = append(found, r)
			}
		}
	}
	for _, o := range objects {
		switch o := o.(type) {
		case *networking.Ingress:
			for _, rule := range o.Spec.Rules {
				for _, path := range rule.HTTP.Paths {
					add(route{host: rule.Host, path: path.Path, exact: *path.PathType == networking.PathTypeExact}, path.Backend.Service.Name)
				}
			}
		case *gateway.HTTPRoute:
			hosts := o.Spec.Hostnames
			if len(hosts) == 0 {
				hosts = []gateway.Hostname{""}
			}
			for _, host := range hosts {
				for _, rule := range o.Spec.Rules {
					for _, match := range rule.Matches {
						r := route{host: string(host), path: *match.Path.Value, exact: *match.Path.Type == gateway.PathMatchExact}
						add(r, string(rule.BackendRefs[0].Name))
					}
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b route) int { return len(b.path) - len(a.path) })
	return found
}
