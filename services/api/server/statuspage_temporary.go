package server

import (
	"context"
	"time"

	"nanomon/services/api/statuspage"
	document "nanomon/services/common/statuspage"
)

// pageStore returns a store with status pages.
func pageStore(s Store) statuspage.Store {
	if pages, ok := s.(statuspage.Store); ok {
		return pages
	}
	return noPages{}
}

// noPages is a store without status pages.
type noPages struct{ statuspage.Store }

func (noPages) StatusPages(context.Context) ([]document.Page, error) { return nil, nil }

func (noPages) StatusMessages(context.Context, []string, time.Time) ([]document.Message, error) {
	return nil, nil
}
