package web

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// Compress compresses JSON responses with gzip if they are large and the client accepts it.
func Compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.EnableZstd(false), gzhttp.ContentTypes([]string{"application/json", "application/problem+json"}),
	)
	if err != nil {
		panic(err) // the options are constant
	}
	return wrap(next)
}
