// Package frontend embeds the web page. `npm run build` copies its libraries to app/lib first.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:app
var files embed.FS

// App returns the files of the page, with index.html at the root.
func App() fs.FS {
	app, err := fs.Sub(files, "app")
	if err != nil {
		panic(err) // only for an invalid path, and this one is constant
	}
	return app
}
