// Package frontend holds the web page, embedded. Its libraries are copied into it by `npm run build`.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:app
var files embed.FS

// App is the page's files, with index.html at the root.
func App() fs.FS {
	app, err := fs.Sub(files, "app")
	if err != nil {
		panic(err) // only for a malformed path, and it is a constant
	}
	return app
}
