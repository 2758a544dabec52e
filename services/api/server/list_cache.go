package server

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/web"
)

// listIdle is the time between two searches for unused lists. A list that nobody has requested since the last search is
// dropped.
const listIdle = time.Minute

// listForm is one of the forms in which clients request the list of monitors. Clients that may see secrets and clients
// that may not never have the same form.
type listForm struct {
	include  includeOptions
	masked   bool
	encoding web.Encoding
	// oneGroup means that the list contains only the monitors of group, which may be empty.
	oneGroup bool
	group    string
}

// listCache contains the encoded lists of monitors, so that each is encoded once per change, however many clients request
// it. It does not know when a list changes: each request compares the revision of the store.
type listCache struct {
	mu    sync.Mutex
	lists map[listForm]*encodedList
}

func newListCache() *listCache { return &listCache{lists: make(map[listForm]*encodedList)} }

// get returns the list of a form. Lists of one group are not kept, because clients can request any number of groups.
func (c *listCache) get(f listForm) *encodedList {
	if f.oneGroup {
		return newEncodedList()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l, known := c.lists[f]
	if !known {
		l = newEncodedList()
		c.lists[f] = l
	}
	l.used = true
	return l
}

// run drops lists that are not requested any more, until ctx ends.
func (c *listCache) run(ctx context.Context) {
	ticker := time.NewTicker(listIdle)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.dropUnused()
		}
	}
}

// dropUnused drops the lists that have not been requested since the last call.
func (c *listCache) dropUnused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.lists, func(_ listForm, l *encodedList) bool {
		unused := !l.used
		l.used = false
		return unused
	})
}

// encodedList is a list of monitors in one form.
type encodedList struct {
	// used is set by each request. The cache guards it.
	used bool
	// refreshes counts the refreshes that have begun.
	refreshes atomic.Int64

	// lock contains a value while a request refreshes the list. It guards the fields below. Unlike a mutex, a client that
	// disconnects does not wait for it.
	lock      chan struct{}
	revision  string
	situation situation
	document  *web.Document
	// err is the error of the last refresh.
	err error
}

func newEncodedList() *encodedList { return &encodedList{lock: make(chan struct{}, 1)} }

// errNoRefresh remains the error of a refresh that crashed.
var errNoRefresh = errors.New("the list of monitors was not encoded")

// current returns the list as it was at some time during the call. It refreshes the list, unless a refresh that began
// after the call has ended already: so requests that arrive together share one.
func (l *encodedList) current(ctx context.Context, refresh func(*encodedList) error) (*web.Document, error) {
	arrived := l.refreshes.Load()
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-l.lock }()
	if l.refreshes.Load() == arrived {
		l.refreshes.Add(1)
		l.err = errNoRefresh
		l.err = refresh(l)
	}
	return l.document, l.err
}
