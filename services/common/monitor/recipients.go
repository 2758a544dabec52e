package monitor

import (
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

const (
	// AlertTo is the name of the property that holds the e-mail recipients of a monitor's notifications.
	AlertTo = "alertTo"
	// MaxRecipients is the maximum number of these recipients.
	MaxRecipients = 20
)

// IsMuted reports whether no notifications about the monitor are sent. A stored monitor may have blanks around the value.
func (m Monitor) IsMuted() bool {
	muted, err := strconv.ParseBool(strings.TrimSpace(m.Properties["alertMute"]))
	return err == nil && muted
}

// ParseRecipients parses a value of [AlertTo]. Addresses are separated by commas or whitespace and may have a display
// name. It returns each address once, without its display name, and the parts of text that are not addresses.
func ParseRecipients(text string) (addresses, invalid []string) {
	add := func(list ...*mail.Address) {
		for _, address := range list {
			switch {
			case !isPlain(address.Address):
				invalid = append(invalid, strings.Trim(address.String(), "<>"))
			case !slices.Contains(addresses, address.Address):
				addresses = append(addresses, address.Address)
			}
		}
	}
	if list, err := mail.ParseAddressList(text); err == nil {
		add(list...)
		return addresses, invalid
	}
	for part := range strings.SplitSeq(text, ",") {
		if address, err := mail.ParseAddress(part); err == nil {
			add(address)
			continue
		}
		for _, word := range strings.Fields(part) {
			if address, err := mail.ParseAddress(word); err == nil {
				add(address)
			} else {
				invalid = append(invalid, word)
			}
		}
	}
	return addresses, invalid
}

// isPlain reports whether an address needs no quotes.
func isPlain(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}
