package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

// MaxStatusMessages is the maximum number of messages that StatusMessages returns. All messages of 20 pages are not more.
const MaxStatusMessages = 20 * statuspage.MaxMessages

// storedStatusPage is a status page in its stored form.
type storedStatusPage struct {
	statuspage.Page
	PasswordHash string `json:"passwordHash,omitempty"`
}

// EncodeStatusPage returns a page, with the hash of its password, as the JSON that both adapters store.
func EncodeStatusPage(p statuspage.Page) (string, error) {
	text, err := json.Marshal(storedStatusPage{p, p.PasswordHash})
	return string(text), err
}

// DecodeStatusPage returns the page that EncodeStatusPage has encoded.
func DecodeStatusPage(text []byte) (statuspage.Page, error) {
	var stored storedStatusPage
	if err := json.Unmarshal(text, &stored); err != nil {
		return statuspage.Page{}, fmt.Errorf("a stored status page can't be decoded: %w", err)
	}
	stored.Page.PasswordHash = stored.PasswordHash
	stored.Page.Normalize()
	return stored.Page, nil
}

// EncodeStatusMessage returns a message as the JSON that both adapters store.
func EncodeStatusMessage(m statuspage.Message) (string, error) {
	text, err := json.Marshal(m)
	return string(text), err
}

// DecodeStatusMessage returns the message that EncodeStatusMessage has encoded. It has at least one update.
func DecodeStatusMessage(text []byte) (m statuspage.Message, err error) {
	err = json.Unmarshal(text, &m)
	if err == nil && len(m.Updates) == 0 {
		err = errors.New("it has no updates")
	}
	if err != nil {
		return statuspage.Message{}, fmt.Errorf("a stored message of a status page can't be decoded: %w", err)
	}
	m.Normalize()
	return m, nil
}

// CompareStatusMessages orders messages by the date of the last update and then by id, newest first.
func CompareStatusMessages(a, b statuspage.Message) int {
	return cmp.Or(b.LastUpdate().Compare(a.LastUpdate()), cmp.Compare(b.ID, a.ID))
}

// SlugTaken returns the error for a page whose slug another page has.
func SlugTaken(slug string) error {
	return monitor.Invalid(fmt.Sprintf("slug %q belongs to another status page", slug), "Use another slug.")
}

// HostTaken returns the error for a page with a host name that another page has.
func HostTaken(host string) error {
	return monitor.Invalid(fmt.Sprintf("hosts contains %q, which belongs to another status page", host),
		"Remove the host name from the other page first.")
}

// TooManyStatusPages returns the error for a page above the maximum number of pages.
func TooManyStatusPages() error {
	return monitor.Invalid(fmt.Sprintf("there are %d status pages already", statuspage.MaxPages), "Delete a status page first.")
}

// TooManyStatusMessages returns the error for a message above the maximum number of messages of a page.
func TooManyStatusMessages() error {
	return monitor.Invalid(fmt.Sprintf("the status page has %d messages already", statuspage.MaxMessages), "Delete a message first.")
}
