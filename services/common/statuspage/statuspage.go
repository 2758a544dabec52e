// Package statuspage defines status pages: pages that show the status of some monitors to people who do not operate
// them, and the messages that operators pin to them.
package statuspage

import "time"

// Limits of a status page. Lengths are in characters unless noted.
const (
	MaxSlug         = 63
	MaxTitle        = 100
	MaxIntroduction = 10_000
	MaxName         = 100
	MaxSections     = 50
	// MaxEntries is the maximum number of entries in all sections of a page.
	MaxEntries = 300
	MaxHosts   = 10
	// MaxLogo is the maximum size of the image of a logo in bytes.
	MaxLogo = 64 << 10
	// MaxPages is the maximum number of status pages.
	MaxPages = 200
	// MinPassword and MaxPassword limit the length of a password in bytes. The hash ignores what is longer.
	MinPassword = 8
	MaxPassword = 72
)

// Page is a status page. Everything in it is public except the ids of monitors, the names of groups, the labels and the
// hash of the password.
type Page struct {
	// ID is 24 lower-case hexadecimal digits.
	ID string `json:"id"`
	// Slug identifies the page in its URL, /status/{slug}. It is unique and has the characters a-z, 0-9 and hyphens.
	Slug  string `json:"slug"`
	Title string `json:"title"`
	// Introduction is Markdown.
	Introduction string `json:"introduction,omitempty"`
	// Logo is an image as a data URL: PNG, JPEG, GIF or WebP, at most [MaxLogo]; empty if there is none.
	Logo     string    `json:"logo,omitempty"`
	Sections []Section `json:"sections"`
	Show     Show      `json:"show"`
	// Visibility is [Public] unless set.
	Visibility Visibility `json:"visibility"`
	// PasswordHash is the hash of the password if Visibility is [Password]. No response contains it. A store keeps it.
	PasswordHash string `json:"-"`
	// Hosts lists the host names that show this page at their root, in lower case and without ports. Each belongs to one page.
	Hosts []string `json:"hosts"`
	// NoIndex asks search engines not to list the page.
	NoIndex bool `json:"noindex"`
	// Zone is the name of the time zone in which days begin and times are shown, UTC unless set.
	Zone string `json:"zone"`
	// Updated is the time of the last change.
	Updated time.Time `json:"updated"`
}

// Section is a part of a page with a title.
type Section struct {
	// Title may be empty.
	Title   string  `json:"title,omitempty"`
	Entries []Entry `json:"entries"`
}

// Entry is a line of a page. It stands for one monitor, or for all monitors of a group or with a label: exactly one of
// the three is set.
type Entry struct {
	// ID is 8 lower-case hexadecimal digits, unique in the page, and part of the URLs of badges. The API sets it if it is
	// empty.
	ID string `json:"id"`
	// Name is the public name.
	Name string `json:"name"`
	// Monitor is the id of a monitor. It may be deleted: then the page leaves the entry out.
	Monitor string `json:"monitor,omitempty"`
	Group   string `json:"group,omitempty"`
	// Label is a label such as "team=web", or only its key.
	Label string `json:"label,omitempty"`
}

// Show says what a page shows besides the current status.
type Show struct {
	// Uptime shows the bars of the last 90 days and the uptime.
	Uptime bool `json:"uptime"`
	// ResponseTime shows the median response time of the last 24 hours.
	ResponseTime bool `json:"responseTime"`
	// Incidents shows the incidents of the last months.
	Incidents bool `json:"incidents"`
}

// Visibility says who can see a page.
type Visibility string

const (
	// Public pages are for everyone.
	Public Visibility = "public"
	// Password pages are for people who know a password.
	Password Visibility = "password"
)
