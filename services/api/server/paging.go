package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// pageSize returns the maximum number of items per page, from ?max=.
func pageSize(query url.Values) (int, error) {
	if !query.Has("max") {
		return defaultPageSize, nil
	}
	n, err := strconv.Atoi(query.Get("max"))
	if err != nil || n < 1 || n > maxPageSize {
		return 0, monitor.Invalidf("max must be between 1 and %d", maxPageSize)
	}
	return n, nil
}

// cutPage returns the first items, up to size. If there are more, it adds a link to the next page to the response.
func cutPage[T any](w http.ResponseWriter, r *http.Request, items []T, size int, cursor func(T) store.Cursor) []T {
	if len(items) <= size {
		return items
	}
	linkNext(w, r, cursor(items[size-1]))
	return items[:size]
}

// linkNext adds a link to the next page to the response.
func linkNext(w http.ResponseWriter, r *http.Request, after store.Cursor) {
	query := r.URL.Query()
	query.Set("cursor", formatCursor(after))
	w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.EscapedPath(), query.Encode()))
}

func formatCursor(c store.Cursor) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", c.Date.UnixMilli(), c.ID))
}

func parseCursor(text string, validID func(string) bool) (*store.Cursor, error) {
	invalid := monitor.Invalidf("cursor is invalid; use the address in the header Link of the previous page")
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, invalid
	}
	milli, id, _ := strings.Cut(string(data), " ")
	date, err := strconv.ParseInt(milli, 10, 64)
	if err != nil || !validID(id) {
		return nil, invalid
	}
	return &store.Cursor{Date: time.UnixMilli(date).UTC(), ID: id}, nil
}
