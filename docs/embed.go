// Package docs embeds the documentation.
package docs

import (
	"embed"
	"io/fs"
)

//go:embed *.md
var files embed.FS

// Files returns the Markdown documents. README.md lists them.
func Files() fs.FS { return files }
