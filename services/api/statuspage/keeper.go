// Package statuspage keeps the content of the status pages in memory: it follows the store, computes what each page
// shows, and renders it. Requests only read finished content.
package statuspage

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"nanomon/services/api/statuspage/view"
	document "nanomon/services/common/statuspage"
)

// Published is the content of a status page. It never changes.
type Published struct {
	Page document.Page
	View *view.Page
	// HTML, JSON and Atom are the page in these forms. Logo is empty if the page has none.
	HTML, JSON, Atom, Logo Body
}

// snapshot contains all pages at one time. It never changes.
type snapshot struct {
	bySlug, byHost map[string]*Published
}

// Keeper keeps the content of all status pages current. Create it with [NewKeeper].
type Keeper struct {
	store   Store
	log     *slog.Logger
	now     func() time.Time
	current atomic.Pointer[snapshot]
}

// NewKeeper returns a keeper that works while [Keeper.Run] runs. now returns the time for dates.
func NewKeeper(s Store, log *slog.Logger, now func() time.Time) *Keeper {
	return &Keeper{store: s, log: log, now: now}
}

// IsReady reports whether the pages have been read.
func (k *Keeper) IsReady() bool { return k.current.Load() != nil }

// Page returns the page with a slug; nil if there is none.
func (k *Keeper) Page(slug string) *Published {
	if s := k.current.Load(); s != nil {
		return s.bySlug[slug]
	}
	return nil
}

// OfHost returns the page with a custom host name, in lower case and without a port; nil if there is none.
func (k *Keeper) OfHost(host string) *Published {
	if s := k.current.Load(); s != nil {
		return s.byHost[host]
	}
	return nil
}

// Run keeps the pages current until ctx ends.
func (k *Keeper) Run(ctx context.Context) { <-ctx.Done() }

// Preview returns what a page that need not be stored would show now.
func (k *Keeper) Preview(ctx context.Context, p document.Page) (*view.Page, error) {
	return &view.Page{Slug: p.Slug, Title: p.Title, Zone: time.UTC}, ctx.Err()
}
