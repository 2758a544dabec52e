package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

const (
	indexFile  = "index.html"
	workerFile = "worker.js"
	// docsStyles is only for the documentation, which needs the server.
	docsStyles = "styles/documentation.css"
	// signInLibrary is large, and only a page with sign-in uses it.
	signInLibrary = "lib/msal.js"
	// buildMark and pageMark are the places in indexFile and workerFile at which the build is inserted.
	buildMark = `<meta name="build" content="" />`
	pageMark  = `const PAGE = { build: '', files: {} };`
)

// pageBuild identifies a set of files. It is inserted into the service worker of the page.
type pageBuild struct {
	// Build is a hash of the files that the service worker stores, and of the service worker.
	Build string `json:"build"`
	// Files contains the hashes of the files that the service worker stores, by path.
	Files map[string]string `json:"files"`
}

// withBuild returns the files of app with their build inserted into the index and into the service worker. So both change
// if one of the files changes that the service worker stores: a browser notices the new service worker, and the service
// worker notices the new index. Without a service worker it returns app.
func withBuild(app fs.FS, signIn bool) (fs.FS, error) {
	worker, err := fs.ReadFile(app, workerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return app, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	index, err := fs.ReadFile(app, indexFile)
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	page := pageBuild{}
	if page.Files, err = hashFiles(app, signIn); err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	files, err := json.Marshal(page.Files)
	if err != nil {
		return nil, err
	}
	page.Build = hashOf(append(files, worker...))
	index, err = insert(indexFile, index, buildMark, `<meta name="build" content="`+page.Build+`" />`)
	if err != nil {
		return nil, err
	}
	page.Files[indexFile] = hashOf(index)
	list, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	worker, err = insert(workerFile, worker, pageMark, "const PAGE = "+string(list)+";")
	if err != nil {
		return nil, err
	}
	return overlay{app, map[string][]byte{indexFile: index, workerFile: worker}}, nil
}

// hashFiles returns the hashes of the files that the page needs, by path, without the service worker.
func hashFiles(app fs.FS, signIn bool) (map[string]string, error) {
	hashes := make(map[string]string)
	err := fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == workerFile || name == docsStyles || name == signInLibrary && !signIn {
			return err
		}
		switch path.Ext(name) {
		case ".html", ".js", ".css":
			hashes[name], err = hashFile(app, name)
		}
		return err
	})
	return hashes, err
}

func hashFile(app fs.FS, name string) (string, error) {
	if files, ok := app.(packedFS); ok {
		return files.Hash(name), nil
	}
	data, err := fs.ReadFile(app, name)
	return hashOf(data), err
}

// hashOf returns the hash of a file as the service worker computes it.
func hashOf(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func insert(name string, data []byte, mark, text string) ([]byte, error) {
	if !bytes.Contains(data, []byte(mark)) {
		return nil, fmt.Errorf("the page's file %s does not contain %s", name, mark)
	}
	return bytes.Replace(data, []byte(mark), []byte(text), 1), nil
}

// overlay is a file system in which some files have another content.
type overlay struct {
	fs.FS
	files map[string][]byte
}

// ReadFile implements fs.ReadFileFS. The caller may not change the data.
func (o overlay) ReadFile(name string) ([]byte, error) {
	if data, found := o.files[name]; found {
		return data, nil
	}
	return fs.ReadFile(o.FS, name)
}
