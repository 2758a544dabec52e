package server

import (
	"net/http"
	"strings"

	"nanomon/services/api/statuspage/public"
	"nanomon/services/common/web"
)

// statusPages is the resource of the status pages that everyone sees.
type statusPages struct{ *public.Handler }

func (p statusPages) mount(to routes) { p.Mount(to.open) }

// exceptOpen returns a middleware for all requests except pings and requests for status pages. Programs on other machines
// send pings, under any host name and with any content type. Status pages are for everyone, under any host name.
func exceptOpen(protect func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		protected := protect(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, web.PingPath) || public.HasPath(r.URL.Path) {
				next.ServeHTTP(w, r)
			} else {
				protected.ServeHTTP(w, r)
			}
		})
	}
}
