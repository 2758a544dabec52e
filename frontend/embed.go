// Package frontend embeds the web page. `npm run build` compresses its files into packed first.
package frontend

import (
	"bytes"
	"embed"
	"encoding/json"
	"io"
	"io/fs"

	"github.com/andybalholm/brotli"
)

//go:embed all:packed
var packed embed.FS

// Files are the files of the page. They are compressed, and so is the content of an opened file: Open is for folders.
type Files struct {
	fs.FS
	hashes map[string]string
}

// App returns the files of the page, with index.html at the root.
func App() Files {
	app, err := fs.Sub(packed, "packed")
	if err != nil {
		panic(err) // only for an invalid path, and this one is constant
	}
	files := Files{FS: app}
	// Before the first build there are no files.
	if list, err := fs.ReadFile(app, "hashes.json"); err == nil {
		if err := json.Unmarshal(list, &files.hashes); err != nil {
			panic(err) // only for a damaged file, and the build has written this one
		}
	}
	return files
}

// ReadFile implements [fs.ReadFileFS]. It decompresses the file.
func (f Files) ReadFile(name string) ([]byte, error) {
	compressed, err := f.ReadBrotli(name)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(brotli.NewReader(bytes.NewReader(compressed)))
}

// ReadBrotli returns a file compressed with Brotli.
func (f Files) ReadBrotli(name string) ([]byte, error) { return fs.ReadFile(f.FS, name) }

// Hash returns the SHA-256 hash of an uncompressed file as hexadecimal digits.
func (f Files) Hash(name string) string { return f.hashes[name] }
