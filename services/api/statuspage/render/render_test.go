package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var folder = flag.String("folder", "", "write all sample pages to this folder, to look at them")

func TestOutputsAreWellFormed(t *testing.T) {
	v := partial()
	if !json.Valid(JSON(v)) {
		t.Errorf("invalid JSON: %s", JSON(v))
	}
	var any struct{}
	if err := xml.Unmarshal(Atom(v), &any); err != nil {
		t.Errorf("invalid feed: %v\n%s", err, Atom(v))
	}
	badge := StatusBadge(v.Sections[0].Entries[0])
	if err := xml.Unmarshal(badge, &any); err != nil {
		t.Errorf("invalid badge: %v\n%s", err, badge)
	}
	if !bytes.Contains(Page(v), []byte("Partial outage: Payments")) {
		t.Error("the page does not contain the overall sentence")
	}
}

// TestSamples writes the sample pages to a folder if there is one.
func TestSamples(t *testing.T) {
	files := map[string][]byte{
		"password": PasswordForm(Form{Action: "/status/acme"}), "wrong-password": PasswordForm(Form{Action: "/status/acme", Message: "Wrong password"}),
		"not-found": NotFound(), "unavailable": Unavailable(),
	}
	for name, v := range samples() {
		files[name] = Page(v)
	}
	for name, data := range files {
		if *folder != "" {
			if err := os.WriteFile(filepath.Join(*folder, name+".html"), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
