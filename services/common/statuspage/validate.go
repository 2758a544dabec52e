package statuspage

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

// Validate checks all fields of a normalized page except ID and Updated. The error is a [monitor.InvalidError] that names
// the field.
func (p Page) Validate() error {
	if err := validSlug(p.Slug); err != nil {
		return err
	}
	if err := validName("title", p.Title, MaxTitle); err != nil {
		return err
	}
	if err := validText("introduction", p.Introduction, MaxIntroduction); err != nil {
		return err
	}
	if p.Logo != "" {
		if _, _, err := DecodeLogo(p.Logo); err != nil {
			return err
		}
	}
	if err := p.validateSections(); err != nil {
		return err
	}
	if err := validHosts(p.Hosts); err != nil {
		return err
	}
	if _, err := localtime.Zone(p.Zone); err != nil {
		return monitor.Invalidf("zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not %.50q", p.Zone)
	}
	switch p.Visibility {
	case Public:
		return nil
	case Password:
		if p.PasswordHash == "" {
			return PasswordMissing()
		}
		return nil
	}
	return monitor.Invalidf("visibility must be public or password, not %.50q", p.Visibility)
}

// PasswordMissing returns the error of a page that needs a password and has none.
func PasswordMissing() error {
	return monitor.Invalid("password is missing: a page with the visibility password needs one",
		fmt.Sprintf("Set a password of %d to %d bytes, or set visibility to public.", MinPassword, MaxPassword))
}

func validSlug(slug string) error {
	if slug == "" {
		return monitor.Invalidf("slug is missing: set the last part of the address, such as shop")
	}
	if i := strings.IndexFunc(slug, func(c rune) bool { return !isSlugCharacter(c) }); i >= 0 {
		return monitor.Invalidf("slug must contain only the letters a to z, digits and hyphens, not %.50q", slug)
	}
	if n := len(slug); n > MaxSlug {
		return monitor.Invalidf("slug has %d characters, at most %d are allowed", n, MaxSlug)
	}
	if strings.Trim(slug, "-") != slug {
		return monitor.Invalidf("slug must begin and end with a letter or a digit, not %q", slug)
	}
	return nil
}

func isSlugCharacter(c rune) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' }

// validName checks a text of one line that must not be empty.
func validName(field, name string, limit int) error {
	if strings.TrimSpace(name) == "" {
		return monitor.Invalidf("%s is missing", field)
	}
	if err := validText(field, name, limit); err != nil {
		return err
	}
	return monitor.ValidateName(field, name)
}

// validText checks a text that may have several lines.
func validText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return monitor.Invalidf("%s is not valid UTF-8", field)
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return monitor.Invalidf("%s has %d characters, at most %d are allowed", field, n, limit)
	}
	isForbidden := func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune("\t\r\n", c) }
	if i := strings.IndexFunc(text, isForbidden); i >= 0 {
		character, _ := utf8.DecodeRuneInString(text[i:])
		return monitor.Invalidf("%s contains the control character %U", field, character)
	}
	return nil
}

func (p Page) validateSections() error {
	if n := len(p.Sections); n > MaxSections {
		return monitor.Invalidf("sections has %d elements, at most %d are allowed", n, MaxSections)
	}
	ids := make(map[string]bool)
	for i, section := range p.Sections {
		if section.Title != "" {
			if err := validName(fmt.Sprintf("sections[%d].title", i), section.Title, MaxTitle); err != nil {
				return err
			}
		}
		for n, entry := range section.Entries {
			field := fmt.Sprintf("sections[%d].entries[%d]", i, n)
			if err := entry.validate(field); err != nil {
				return err
			}
			if ids[entry.ID] {
				return monitor.Invalidf("%s.id is %s, which another entry has", field, entry.ID)
			}
			ids[entry.ID] = true
		}
	}
	if n := len(ids); n > MaxEntries {
		return monitor.Invalidf("sections has %d entries, at most %d are allowed", n, MaxEntries)
	}
	return nil
}

// validate checks an entry. field names it in the error.
func (e Entry) validate(field string) error {
	if !isEntryID(e.ID) {
		return monitor.Invalidf("%s.id must be 8 lower-case hexadecimal digits, not %.50q", field, e.ID)
	}
	if err := validName(field+".name", e.Name, MaxName); err != nil {
		return err
	}
	set := 0
	for _, value := range []string{e.Monitor, e.Group, e.Label} {
		if value != "" {
			set++
		}
	}
	switch {
	case set != 1:
		return monitor.Invalidf("%s must have one of monitor, group and label, not %d of them", field, set)
	case e.Monitor != "" && !monitor.ValidID(e.Monitor):
		return monitor.Invalidf("%s.monitor must be an id of 24 hexadecimal digits, not %.50q", field, e.Monitor)
	case e.Group != "":
		return validText(field+".group", e.Group, monitor.MaxGroup)
	case e.Label != "":
		if err := monitor.ValidateSelector(e.Label); err != nil {
			return monitor.Invalidf("%s.label: %s", field, err)
		}
	}
	return nil
}

func isEntryID(id string) bool {
	return len(id) == 8 && !strings.ContainsFunc(id, func(c rune) bool { return !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') })
}

// The maximum lengths of a host name and of a part of it.
const (
	maxHost     = 253
	maxHostPart = 63
)

func validHosts(hosts []string) error {
	if n := len(hosts); n > MaxHosts {
		return monitor.Invalidf("hosts has %d elements, at most %d are allowed", n, MaxHosts)
	}
	for i, host := range hosts {
		if !isHostName(host) {
			return monitor.Invalid(fmt.Sprintf("hosts must be host names, not %.100q", host),
				"Enter a name such as status.example.com, without https:// and without a port.")
		}
		if web.IsLocalHost(host) {
			return monitor.Invalid(fmt.Sprintf("hosts must not contain %s", host),
				"At this address, NanoMon itself may be open. Enter a name such as status.example.com.")
		}
		if slices.Contains(hosts[:i], host) {
			return monitor.Invalidf("hosts contains %s twice", host)
		}
	}
	return nil
}

func isHostName(host string) bool {
	if len(host) > maxHost {
		return false
	}
	for part := range strings.SplitSeq(host, ".") {
		isOther := func(c rune) bool { return !isSlugCharacter(c) && c != '_' }
		if part == "" || len(part) > maxHostPart || strings.ContainsFunc(part, isOther) {
			return false
		}
	}
	return true
}

// Validate checks all fields of a normalized message except ID, PageID and Updated. The error is a [monitor.InvalidError]
// that names the field.
func (m Message) Validate() error {
	if err := validName("title", m.Title, MaxTitle); err != nil {
		return err
	}
	if n := len(m.Entries); n > MaxEntries {
		return monitor.Invalidf("entries has %d elements, at most %d are allowed", n, MaxEntries)
	}
	for i, id := range m.Entries {
		if !isEntryID(id) {
			return monitor.Invalidf("entries must be ids of 8 lower-case hexadecimal digits, not %.50q", id)
		}
		if slices.Contains(m.Entries[:i], id) {
			return monitor.Invalidf("entries contains %s twice", id)
		}
	}
	switch n := len(m.Updates); {
	case n == 0:
		return monitor.Invalidf("updates must contain at least one element")
	case n > MaxUpdates:
		return monitor.Invalidf("updates has %d elements, at most %d are allowed", n, MaxUpdates)
	}
	for i, update := range m.Updates {
		if err := update.validate(fmt.Sprintf("updates[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// validate checks an update. field names it in the error.
func (u Update) validate(field string) error {
	// RFC 3339 can't express later years. An earlier year is a typing error.
	if year := u.Date.UTC().Year(); year < 1970 || year > 9999 {
		return monitor.Invalidf("%s.date must be between the years 1970 and 9999", field)
	}
	if !slices.Contains([]State{Investigating, Identified, Monitoring, Resolved}, u.State) {
		return monitor.Invalidf("%s.state must be investigating, identified, monitoring or resolved, not %.50q", field, u.State)
	}
	return validText(field+".text", u.Text, MaxUpdateText)
}
