package statuspage

import (
	"context"
	"slices"
	"time"

	"nanomon/services/api/statuspage/render"
	"nanomon/services/api/statuspage/view"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/wake"
)

// Published is the content of a status page. It never changes. Without a view, the content is not loaded yet.
type Published struct {
	Page document.Page
	View *view.Page
	// HTML, JSON and Atom are the page in these forms. Logo is empty if the page has none.
	HTML, JSON, Atom, Logo Body
}

// snapshot contains all pages at one time. It never changes.
type snapshot struct {
	bySlug, byHost map[string]*Published
	// isOld reports whether the pages say how old they are.
	isOld bool
}

func newSnapshot(pages []*Published, isOld bool) *snapshot {
	s := &snapshot{bySlug: make(map[string]*Published, len(pages)), byHost: make(map[string]*Published), isOld: isOld}
	for _, p := range pages {
		s.bySlug[p.Page.Slug] = p
		for _, host := range p.Page.Hosts {
			s.byHost[host] = p
		}
	}
	return s
}

// newPublished renders a page. It shares the forms that have not changed with before, which may be nil.
func newPublished(p document.Page, v *view.Page, before *Published) *Published {
	if before == nil {
		before = new(Published)
	}
	next := &Published{
		Page: p, View: v, HTML: before.HTML.with(render.TypeHTML, render.Page(v)),
		JSON: before.JSON.with(render.TypeJSON, render.JSON(v)), Atom: before.Atom.with(render.TypeAtom, render.Atom(v)),
	}
	if p.Logo == before.Page.Logo {
		next.Logo = before.Logo
	} else {
		next.Logo = logo(p.Logo)
	}
	return next
}

// logo returns the image in a data URL; empty if there is none.
func logo(url string) Body {
	kind, image, err := document.DecodeLogo(url)
	if err != nil { // A stored page has a valid one, or none.
		return Body{}
	}
	return NewBody(kind, image)
}

// IsLoaded reports whether there is content.
func (p *Published) IsLoaded() bool { return p.View != nil }

// unloaded returns a page without content.
func unloaded(p document.Page) *Published {
	p.Logo = ""
	return &Published{Page: p}
}

// setHosts makes the custom host names of pages known.
func (k *Keeper) setHosts(pages []document.Page) {
	hosts := make(map[string]*Published)
	for _, p := range pages {
		for _, host := range p.Hosts {
			hosts[host] = unloaded(p)
		}
	}
	k.hosts.Store(&hosts)
}

// old returns a page that says that it was last confirmed at a date.
func (p *Published) old(confirmed time.Time) *Published {
	v := *p.View
	v.Since = confirmed
	return newPublished(p.Page, &v, p)
}

// saysAge reports whether a page says how old it is.
func (p *Published) saysAge() bool { return p.IsLoaded() && !p.View.Since.IsZero() }

// renew computes a page if it is due, and reports whether what is published changes. While history of its monitors is
// missing, the last content stays and soon says how old it is, but the new rules on who may see it apply at once.
func (k *Keeper) renew(p *page, at confirmation) bool {
	switch {
	case p.isComplete():
		p.confirmed = at
		if !p.isDue && p.published != nil && p.published.IsLoaded() {
			return false
		}
		p.published = newPublished(p.Page, k.collector.build(p), p.published)
	case p.published == nil:
		p.published = unloaded(p.Page)
	default:
		last := p.published
		isOld := last.IsLoaded() && !last.saysAge() && at.at.Sub(p.confirmed.at) > oldAfter
		isSame := last.Page.Visibility == p.Visibility && last.Page.PasswordHash == p.PasswordHash &&
			slices.Equal(last.Page.Hosts, p.Hosts)
		if isSame && !isOld {
			return false
		}
		next := *last
		if isOld {
			next = *last.old(p.confirmed.date)
		}
		next.Page.Visibility, next.Page.PasswordHash, next.Page.Hosts = p.Visibility, p.PasswordHash, p.Hosts
		p.published = &next
	}
	return true
}

// isComplete reports whether the history of all monitors of a page has been read.
func (p *page) isComplete() bool {
	for _, t := range p.members {
		isMissing := func(log *dayLog) bool { return log.calendar == p.calendar && !log.isKnown }
		if t.full.IsZero() || slices.ContainsFunc(t.days, isMissing) {
			return false
		}
	}
	return true
}

// publish computes the pages that are due and makes all available. The content was current at the given time.
func (k *Keeper) publish(at confirmation) {
	list, changed := make([]*Published, len(k.collector.pages)), false
	for i, p := range k.collector.pages {
		changed = k.renew(p, at) || changed
		list[i] = p.published
	}
	k.publishing.Lock()
	defer k.publishing.Unlock()
	k.confirmed = at
	if last := k.current.Load(); changed || last == nil || last.isOld || len(last.bySlug) != len(list) {
		k.current.Store(newSnapshot(list, false))
	}
}

// watchAge marks the pages as old when they have not been refreshed for some time, until ctx ends.
func (k *Keeper) watchAge(ctx context.Context) {
	for wake.Pause(ctx, oldAfter/10) {
		k.markOld()
	}
}

// markOld makes the pages say how old they are, if they are.
func (k *Keeper) markOld() {
	k.publishing.Lock()
	defer k.publishing.Unlock()
	last := k.current.Load()
	if last == nil || last.isOld || time.Since(k.confirmed.at) <= oldAfter {
		return
	}
	var old []*Published
	for _, p := range last.bySlug {
		if p.IsLoaded() && !p.saysAge() {
			p = p.old(k.confirmed.date)
		}
		old = append(old, p)
	}
	k.current.Store(newSnapshot(old, true))
}
