package server

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"nanomon/services/common/web"
)

func TestRequestsShareARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, refreshes := newEncodedList(), 0
		release := make(chan struct{})
		refresh := func(l *encodedList) error {
			refreshes++
			document, err := web.NewDocument("text/plain", []byte{byte(refreshes)}, web.Plain)
			l.document = document
			<-release
			return err
		}
		var requests sync.WaitGroup
		documents := make(chan *web.Document, 16)
		request := func() {
			requests.Go(func() {
				document, err := l.current(t.Context(), refresh)
				if err != nil {
					t.Error(err)
				}
				documents <- document
			})
		}
		request()
		synctest.Wait()
		for range 15 {
			request()
		}
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := l.current(gone, refresh); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that is gone gets %v", err)
		}
		close(release)
		requests.Wait()
		close(documents)
		got := make(map[*web.Document]int)
		for document := range documents {
			got[document]++
		}
		// What the first request has read may be older than the other requests, so it is not theirs.
		if refreshes != 2 || len(got) != 2 || got[l.document] != 15 {
			t.Errorf("%d refreshes, documents %v", refreshes, got)
		}
	})
}

func TestUnusedListsAreDropped(t *testing.T) {
	c := newListCache()
	all, masked := listForm{}, listForm{masked: true}
	first := c.get(all)
	c.get(masked)
	c.dropUnused()
	if c.get(all) != first {
		t.Error("a list in use was dropped")
	}
	c.dropUnused()
	c.dropUnused()
	if len(c.lists) != 0 {
		t.Errorf("%d lists are left", len(c.lists))
	}
	for _, group := range []string{"a", "b"} {
		c.get(listForm{oneGroup: true, group: group})
	}
	if len(c.lists) != 0 {
		t.Error("lists of one group are kept")
	}
}

func TestCrashedRefreshIsNoResult(t *testing.T) {
	l := newEncodedList()
	func() {
		defer func() { _ = recover() }()
		_, _ = l.current(t.Context(), func(*encodedList) error { panic("crash") })
	}()
	if !errors.Is(l.err, errNoRefresh) {
		t.Errorf("the error is %v", l.err)
	}
	if _, err := l.current(t.Context(), func(*encodedList) error { return nil }); err != nil {
		t.Errorf("the next refresh fails: %v", err)
	}
}
