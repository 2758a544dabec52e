package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"sync"

	"nanomon/services/common/web"
	"nanomon/services/frontend/docsite"
)

// docsPath is the path of the documentation.
const docsPath = "/docs/"

// asset is a file of the page or a page of the documentation. It is read and compressed when it is first requested.
type asset struct {
	kind kind
	// documents return the file in each encoding.
	documents map[web.Encoding]func() (*web.Document, error)
}

// kind is what an extension means.
type kind struct {
	contentType string
	// needsPolicy reports whether the file needs all security headers: a browser can show it as a document that runs scripts,
	// or it is the script of a worker.
	needsPolicy bool
}

// kinds returns the kinds of the page's files by extension. The content types that are registered on the machine may differ.
func kinds() map[string]kind {
	return map[string]kind{
		".html":        {contentType: "text/html; charset=utf-8", needsPolicy: true},
		".js":          {contentType: "text/javascript; charset=utf-8"},
		".css":         {contentType: "text/css; charset=utf-8"},
		".svg":         {contentType: "image/svg+xml", needsPolicy: true},
		".png":         {contentType: "image/png"},
		".woff2":       {contentType: "font/woff2"},
		".webmanifest": {contentType: "application/manifest+json"},
	}
}

// findAssets returns the files of app that a browser uses. The keys are their URL paths.
func findAssets(app fs.FS) (map[string]*asset, error) {
	known, assets := kinds(), make(map[string]*asset)
	err := fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if k, used := known[path.Ext(name)]; err == nil && used && !entry.IsDir() {
			k.needsPolicy = k.needsPolicy || name == workerFile
			assets["/"+name] = newAsset(func() (content, error) { return readFile(app, name) }, k)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the page's files: %w", err)
	}
	index, found := assets["/index.html"]
	if !found {
		return nil, errors.New("the page's files have no index.html: run just build")
	}
	assets["/"] = index
	return assets, nil
}

// addDocumentation adds the pages of the documentation.
func addDocumentation(assets map[string]*asset, docs fs.FS) error {
	site, err := docsite.New(docs)
	if err != nil {
		return err
	}
	for name := range site.Names() {
		assets[docsPath+name] = newAsset(func() (content, error) {
			page, err := site.Page(name)
			return content{plain: page}, err
		}, kinds()[".html"])
	}
	return nil
}

// content is the content of an asset.
type content struct {
	plain []byte
	// brotli is the content compressed with Brotli. It is nil if the content is not compressed yet.
	brotli []byte
}

// packedFS is a file system with files that are compressed with Brotli.
type packedFS interface {
	// ReadBrotli returns a file as it is stored.
	ReadBrotli(name string) ([]byte, error)
	// Hash returns the SHA-256 hash of an uncompressed file as hexadecimal digits.
	Hash(name string) string
}

func readFile(app fs.FS, name string) (c content, err error) {
	if o, ok := app.(overlay); ok && o.files[name] == nil {
		app = o.FS
	}
	if files, ok := app.(packedFS); ok {
		if c.brotli, err = files.ReadBrotli(name); err != nil {
			return content{}, err
		}
	}
	c.plain, err = fs.ReadFile(app, name)
	return c, err
}

func newAsset(read func() (content, error), k kind) *asset {
	a := &asset{kind: k, documents: make(map[web.Encoding]func() (*web.Document, error))}
	for _, e := range []web.Encoding{web.Plain, web.Gzip, web.Brotli} {
		a.documents[e] = sync.OnceValues(func() (*web.Document, error) {
			c, err := read()
			if err != nil {
				return nil, fmt.Errorf("read a file of the page: %w", err)
			}
			if e == web.Brotli && c.brotli != nil {
				return web.NewBrotliFile(k.contentType, c.plain, c.brotli), nil
			}
			return web.NewFile(k.contentType, c.plain, e)
		})
	}
	return a
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	document, err := a.documents[web.AcceptedEncoding(r)]()
	if err != nil {
		web.Error(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	document.Serve(w, r)
}
