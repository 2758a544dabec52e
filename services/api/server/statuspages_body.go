package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"nanomon/services/api/statuspage/password"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// statusPageDraft is a page in a request. It has no id, date and hash.
type statusPageDraft struct {
	page statuspage.Page
	// hasVisibility reports whether the request has a visibility. Otherwise the page has the default one.
	hasVisibility bool
	// password is nil if the request has none.
	password *string
}

// read reads and validates the page in the body, except for the password. Entries without an id get one.
func (h *statusPageHandler) read(w http.ResponseWriter, r *http.Request) (statusPageDraft, error) {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return statusPageDraft{}, err
	}
	draft, err := decodeStatusPage(data)
	if err != nil {
		return draft, err
	}
	if err := draft.complete(); err != nil {
		return draft, err
	}
	return draft, rejectHosts(h.hostsOf(r), draft.page)
}

// complete converts the page to its stored form and validates it, except for the password.
func (d *statusPageDraft) complete() error {
	d.page.SetEntryIDs()
	d.page.Normalize()
	page := d.page
	page.PasswordHash = "validatePassword validates it"
	return page.Validate()
}

// hostsOf returns the host names under which people use NanoMon: from the settings and from the request.
func (h *statusPageHandler) hostsOf(r *http.Request) []string {
	own := append(slices.Clone(h.ownHosts), web.HostName(r.Host))
	return append(own, hostOfOrigin(r.Header.Get("Origin")))
}

// ownHosts returns the host names that the configuration names.
func ownHosts(config Config) []string {
	own := config.Hosts.Names()
	for _, origin := range config.Origins {
		own = append(own, hostOfOrigin(origin))
	}
	return own
}

// hostOfOrigin returns the host name of an origin; empty if it has none.
func hostOfOrigin(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return web.HostName(u.Host)
}

// rejectHosts returns an error if a page has one of these host names, under which people use NanoMon. The API and the page
// for operators would not be available there any more.
func rejectHosts(own []string, p statuspage.Page) error {
	for _, host := range p.Hosts {
		if slices.Contains(own, host) {
			return monitor.Invalid(fmt.Sprintf("hosts contains %q, under which you use NanoMon", host),
				"Only the status page would be available there. Enter another host name.")
		}
	}
	return nil
}

// decodeStatusPage decodes a JSON object. The error is a [monitor.InvalidError] that names the invalid field.
func decodeStatusPage(data []byte) (draft statusPageDraft, err error) {
	if err := expectJSON(data, "object"); err != nil {
		return draft, err
	}
	var body struct {
		Slug         string                `json:"slug"`
		Title        string                `json:"title"`
		Introduction string                `json:"introduction"`
		Logo         string                `json:"logo"`
		Sections     []statuspage.Section  `json:"sections"`
		Show         statuspage.Show       `json:"show"`
		Visibility   statuspage.Visibility `json:"visibility"`
		Password     *string               `json:"password"`
		Hosts        []string              `json:"hosts"`
		NoIndex      bool                  `json:"noindex"`
		Zone         string                `json:"zone"`
	}
	err = json.Unmarshal(data, &body)
	if mistyped := (*json.UnmarshalTypeError)(nil); errors.As(err, &mistyped) {
		err = mistypedField(data, mistyped)
	}
	return statusPageDraft{
		page: statuspage.Page{
			Slug: body.Slug, Title: body.Title, Introduction: body.Introduction, Logo: body.Logo, Sections: body.Sections,
			Show: body.Show, Visibility: body.Visibility, Hosts: body.Hosts, NoIndex: body.NoIndex, Zone: body.Zone,
		},
		hasVisibility: body.Visibility != "",
		password:      body.Password,
	}, err
}

// passwordHasher hashes the passwords of pages, one at a time, because each takes much processor time.
type passwordHasher struct{ turn chan struct{} }

func newPasswordHasher() *passwordHasher { return &passwordHasher{make(chan struct{}, 1)} }

// hash returns the hash of the password of a page that replaces one with the hash stored.
func (p *passwordHasher) hash(ctx context.Context, draft statusPageDraft, stored string) (string, error) {
	if err := draft.validatePassword(stored != ""); err != nil {
		return "", err
	}
	switch {
	case draft.page.Visibility != statuspage.Password:
		return "", nil
	case draft.password == nil:
		return stored, nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return password.Hash(*draft.password)
}

// validatePassword validates the password. hasStored reports whether the page to replace has one.
func (d statusPageDraft) validatePassword(hasStored bool) error {
	switch isClosed := d.page.Visibility == statuspage.Password; {
	case hasStored && !d.hasVisibility:
		return monitor.Invalid("visibility is missing: the page has a password, say whether it stays",
			"Set visibility to password to keep the password, or to public to remove it.")
	case isClosed && d.password == nil && !hasStored:
		return statuspage.PasswordMissing()
	case isClosed && d.password != nil:
		return password.Validate(*d.password)
	case d.password != nil:
		return monitor.Invalid("password is set, but visibility is not password",
			"Set visibility to password, or remove the password.")
	}
	return nil
}
