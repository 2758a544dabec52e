// Command pagehost serves a folder as the page, as the program frontend serves its embedded files. So a test can replace
// one build of the page by another.
//
//	pagehost -port 8001 -app frontend/app -api http://localhost:8000/api
package main

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"strconv"

	"nanomon/docs"
	"nanomon/services/frontend/host"
)

func main() {
	port := flag.Int("port", 0, "port on the loopback interface")
	app := flag.String("app", "", "folder of the page")
	api := flag.String("api", "/api", "address of the API")
	flag.Parse()
	page, err := host.New(host.Config{APIEndpoint: *api}, os.DirFS(*app), docs.Files(), slog.New(slog.DiscardHandler))
	if err == nil {
		err = http.ListenAndServe("localhost:"+strconv.Itoa(*port), page)
	}
	slog.Error("can't serve the page", "error", err)
	os.Exit(1)
}
