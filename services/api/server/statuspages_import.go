package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// importPages stores the pages of an export: it creates pages, or replaces the existing ones with the same id or slug. All
// other pages stay. If one of the pages is invalid, it changes nothing. It stops if someone else changes a page at the same
// time.
func (h *statusPageHandler) importPages(w http.ResponseWriter, r *http.Request) error {
	raw, err := readList(w, r, "status pages", statuspage.MaxPages)
	if err != nil {
		return err
	}
	existing, err := h.store.StatusPages(r.Context())
	if err != nil {
		return err
	}
	plan := pageImport{existing: existing, ownHosts: h.hostsOf(r), now: time.Now()}
	if err := plan.addAll(raw); err != nil {
		return err
	}
	for i, draft := range plan.drafts {
		if plan.replaces[i] != nil {
			_, err = h.replaceStored(r.Context(), draft.page.ID, nil, draft)
		} else {
			_, err = h.createStored(r.Context(), draft)
		}
		if err != nil {
			return importStopped(i+1, draft.page.Slug, err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// importStopped returns the error of an import that could not store a valid page, whose position is counted from 1. If
// someone else changed a page during the import, it is a problem that names the page.
func importStopped(position int, slug string, err error) error {
	detail, advice := "", "Import the same list again."
	switch invalid, isInvalid := errors.AsType[*monitor.InvalidError](err); {
	case isInvalid:
		detail, advice = invalid.Detail, invalid.Hint
	case errors.Is(err, monitor.ErrNotFound):
		detail = "someone else deleted this page during the import"
	case errors.Is(err, monitor.ErrChanged):
		detail = "someone else changed this page during the import"
	default:
		return err
	}
	p := web.Problemf(http.StatusConflict, "page %d %q: %s", position, slug, detail)
	p.Hint = "The pages before it are imported. " + advice
	return p
}

// pageImport is a validated import of status pages.
type pageImport struct {
	existing []statuspage.Page
	// ownHosts are the host names that no page can have.
	ownHosts []string
	now      time.Time
	// drafts contains the pages, with their final ids. replaces contains the existing page that each replaces; nil if it is
	// new.
	drafts   []statusPageDraft
	replaces []*statuspage.Page
}

// addAll decodes and validates all pages of a request. The error names every invalid page by its position, counted from 1.
func (i *pageImport) addAll(raw []json.RawMessage) error {
	var faults []string
	created := 0
	for n, data := range raw {
		if err := i.add(data); err != nil {
			faults = append(faults, fmt.Sprintf("page %d %.100q: %v", n+1, memberOf(data, "slug"), err))
		} else if i.replaces[len(i.replaces)-1] == nil {
			created++
		}
	}
	switch total := len(i.existing) + created; {
	case len(faults) > 0:
		return monitor.Invalid(strings.Join(faults, "; "), "")
	case total > statuspage.MaxPages:
		return monitor.Invalidf("the import would result in %d status pages, at most %d are allowed", total, statuspage.MaxPages)
	}
	return nil
}

// add decodes and validates a page.
func (i *pageImport) add(data json.RawMessage) error {
	draft, err := decodeStatusPage(data)
	if err == nil {
		err = draft.complete()
	}
	if err == nil {
		err = rejectHosts(i.ownHosts, draft.page)
	}
	if err != nil {
		return err
	}
	replaced := i.target(memberOf(data, "id"), draft.page.Slug)
	switch id := strings.ToLower(memberOf(data, "id")); {
	case replaced != nil:
		draft.page.ID = replaced.ID
	case monitor.ValidID(id):
		draft.page.ID = id
	default:
		draft.page.ID = monitor.NewID(i.now)
	}
	if err := draft.validatePassword(replaced != nil && replaced.PasswordHash != ""); err != nil {
		return err
	}
	for _, other := range i.existing {
		if err := distinct(draft.page, other); err != nil && other.ID != draft.page.ID {
			return err
		}
	}
	for _, other := range i.drafts {
		if other.page.ID == draft.page.ID {
			return monitor.Invalidf("id %s occurs twice in the import", other.page.ID)
		}
		if err := distinct(draft.page, other.page); err != nil {
			return err
		}
	}
	i.drafts, i.replaces = append(i.drafts, draft), append(i.replaces, replaced)
	return nil
}

// target returns the existing page that a page replaces: the one with its id, otherwise the one with its slug; nil if
// there is none.
func (i *pageImport) target(id, slug string) *statuspage.Page {
	for _, same := range []func(statuspage.Page) bool{
		func(p statuspage.Page) bool { return strings.EqualFold(p.ID, id) },
		func(p statuspage.Page) bool { return p.Slug == slug },
	} {
		if n := slices.IndexFunc(i.existing, same); n >= 0 {
			return &i.existing[n]
		}
	}
	return nil
}

// distinct returns an error if two pages have the same slug or a common host name.
func distinct(p, other statuspage.Page) error {
	if p.Slug == other.Slug {
		return store.SlugTaken(p.Slug)
	}
	for _, host := range p.Hosts {
		if slices.Contains(other.Hosts, host) {
			return store.HostTaken(host)
		}
	}
	return nil
}
