package host

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"time"

	"nanomon/services/common/web"
)

// asset is a file of the page in the forms that are sent.
type asset struct {
	contentType string
	plain       body
	// zipped is the compressed file. It is empty if it is not smaller.
	zipped body
}

type body struct {
	data []byte
	etag string
}

// contentTypes returns the types of the page's files by extension, because those registered on the machine may differ.
func contentTypes() map[string]string {
	return map[string]string{
		".html":        "text/html; charset=utf-8",
		".js":          "text/javascript; charset=utf-8",
		".css":         "text/css; charset=utf-8",
		".svg":         "image/svg+xml",
		".png":         "image/png",
		".woff2":       "font/woff2",
		".webmanifest": "application/manifest+json",
	}
}

// loadAssets reads the files of app that a browser uses. The keys are their URL paths.
func loadAssets(app fs.FS) (map[string]*asset, error) {
	types, assets := contentTypes(), make(map[string]*asset)
	err := fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		contentType, known := types[path.Ext(name)]
		if err != nil || entry.IsDir() || !known {
			return err
		}
		data, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		assets["/"+name], err = newAsset(data, contentType)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	index, found := assets["/index.html"]
	if !found {
		return nil, errors.New("the page's files have no index.html")
	}
	assets["/"] = index
	return assets, nil
}

func newAsset(data []byte, contentType string) (*asset, error) {
	hash := fmt.Sprintf("%x", sha256.Sum256(data))[:32]
	a := &asset{contentType: contentType, plain: body{data: data, etag: `"` + hash + `"`}}
	var zipped bytes.Buffer
	zip, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(data); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	if zipped.Len() < len(data) {
		a.zipped = body{data: bytes.Clone(zipped.Bytes()), etag: `"` + hash + `-gzip"`}
	}
	return a, nil
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h, sent := w.Header(), a.plain
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "no-cache")
	if a.zipped.data != nil {
		h.Set("Vary", "Accept-Encoding")
		if web.Accepts(r, web.Gzip) {
			sent = a.zipped
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.Itoa(len(sent.data)))
		}
	}
	h.Set("ETag", sent.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.data))
}
