package probe

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestHTTPEscapesURLs(t *testing.T) {
	var location string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
			return
		}
		io.WriteString(w, r.RequestURI)
	})
	for path, want := range map[string]string{
		`/?query=up{job="my job"}`:         "/?query=up%7Bjob=%22my%20job%22%7D",
		"/?q=Zürich&x=a|b^c`\\<>":          "/?q=Z%C3%BCrich&x=a%7Cb%5Ec%60%5C%3C%3E",
		"/?a=b%20c+d%2Fe%C3%BC%zz&f=1%":    "/?a=b%20c+d%2Fe%C3%BC%zz&f=1%",
		"/?a=b%20c d":                      "/?a=b%20c%20d",
		"/?a[]=1&b='x'!$()*,;:@/?~-._#f g": "/?a[]=1&b='x'!$()*,;:@/?~-._",
		"/my path/ü":                       "/my%20path/%C3%BC",
		"/a%20b/;,'":                       "/a%20b/;,'",
	} {
		location = path
		for _, target := range []string{server.URL + path, server.URL + "/redirect"} {
			outcome := runHTTP(t, target, nil)
			wantOK(t, "http", outcome)
			o := outcome.Outputs
			finalURL, _, _ := strings.Cut(o["finalUrl"].(string), "#")
			if o["body"] != want || o["status"] != 200.0 || finalURL != server.URL+want {
				t.Errorf("%s to %s: requested %v (status %v), finalUrl %s, want %s", target, path, o["body"], o["status"], finalURL, want)
			}
		}
	}
	outcome := runHTTP(t, server.URL+"/a%2Fb/{ü} d?e f", nil)
	wantOK(t, "http", outcome)
	if want := "/a%2Fb/%7B%C3%BC%7D%20d?e%20f"; outcome.Outputs["body"] != want {
		t.Errorf("requested %v, want %s", outcome.Outputs["body"], want)
	}
}
