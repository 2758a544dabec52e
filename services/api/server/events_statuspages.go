package server

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"nanomon/services/common/statuspage"
)

// recentMessages is the age of the resolved messages whose changes are noticed.
const recentMessages = 90 * 24 * time.Hour

// statusPageLister is the part of the store that returns status pages and their messages.
type statusPageLister interface {
	StatusPages(ctx context.Context) ([]statuspage.Page, error)
	StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]statuspage.Message, error)
	StatusPagesRevision(ctx context.Context) (string, error)
}

// statusPagesVersion returns a number that changes when a status page or a recent message changes.
func statusPagesVersion(ctx context.Context, s statusPageLister) (uint64, error) {
	pages, err := s.StatusPages(ctx)
	if err != nil {
		return 0, err
	}
	version, ids := fnv.New64a(), make([]string, len(pages))
	for i, page := range pages {
		ids[i] = page.ID
		fmt.Fprintln(version, page.ID, page.Updated.UnixMilli())
	}
	messages, err := s.StatusMessages(ctx, ids, time.Now().Add(-recentMessages))
	for _, message := range messages {
		fmt.Fprintln(version, message.ID, message.Updated.UnixMilli())
	}
	return version.Sum64(), err
}

// sendStatusPages sends an event if a status page or a message has changed. The event says nothing about them, because
// everyone who may read the list of monitors receives it.
func (f *eventFeed) sendStatusPages(ctx context.Context) error {
	current, err := statusPagesVersion(ctx, f.store)
	if err != nil || current == f.pages {
		return err
	}
	f.pages = current
	var frame bytes.Buffer
	writeEvent(&frame, f.log, "status-pages", struct{}{})
	f.flush(eventFrame{frame.Bytes(), frame.Bytes()})
	return nil
}
