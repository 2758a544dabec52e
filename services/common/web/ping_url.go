package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
)

// PingPath is the path of the API below which all ping URLs are. The segment after it is a secret.
const PingPath = "/api/push/"

// hiddenSegment is shown in place of a secret in a path.
const hiddenSegment = "{uuid}"

var uuidForm = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// uuidLength is the length of all texts that match uuidForm.
const uuidLength = 36

// IsUUID reports whether text is a UUID in lower case.
func IsUUID(text string) bool {
	return len(text) == uuidLength && text == strings.ToLower(text) && uuidForm.MatchString(text)
}

type pingSecretKey struct{}

// HidePingURLs is a middleware that removes the secrets of ping URLs from the path of a request, so that no log, metric
// and response contains them. [PingSecret] returns the secret. It also removes UUIDs from all other paths, in case
// somebody has configured a ping URL with a wrong path.
func HidePingURLs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, secret := hidePingURL(r.URL.Path)
		if path != r.URL.Path {
			r = r.WithContext(context.WithValue(r.Context(), pingSecretKey{}, secret))
			address := *r.URL
			address.Path, address.RawPath = path, ""
			r.URL, r.RequestURI = &address, path
		}
		next.ServeHTTP(w, r)
	})
}

// PingSecret returns the segment after [PingPath] that [HidePingURLs] has removed, in lower case; empty if there is none.
func PingSecret(r *http.Request) string {
	secret, _ := r.Context().Value(pingSecretKey{}).(string)
	return secret
}

// hidePingURL returns a path without the secrets in it, and the segment after [PingPath] in lower case.
func hidePingURL(path string) (hidden, secret string) {
	rest, isPing := strings.CutPrefix(path, PingPath)
	if !isPing {
		return hideUUIDs(path), ""
	}
	secret, action, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	hidden = strings.TrimSuffix(PingPath+hiddenSegment+"/"+hideUUIDs(action), "/")
	return hidden, strings.ToLower(secret)
}

func hideUUIDs(path string) string {
	if strings.Count(path, "-") < 4 {
		return path
	}
	return uuidForm.ReplaceAllString(path, hiddenSegment)
}
