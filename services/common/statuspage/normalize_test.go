package statuspage_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/statuspage"
)

func TestNormalizePage(t *testing.T) {
	date := time.Date(2026, 11, 30, 23, 0, 0, 123456789, time.FixedZone("", 3600))
	p := statuspage.Page{
		ID: "65A500000000000000000001", Hosts: []string{" Status.Example. ", "bücher.example"}, Updated: date,
		Sections: []statuspage.Section{{Title: "a", Entries: []statuspage.Entry{{Monitor: "65A500000000000000000002"}}}, {}},
	}
	before, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	normal := p
	normal.Normalize()
	want := statuspage.Page{
		ID: "65a500000000000000000001", Hosts: []string{"status.example", "xn--bcher-kva.example"},
		Visibility: statuspage.Public, Zone: "UTC", Updated: time.Date(2026, 11, 30, 22, 0, 0, 123e6, time.UTC),
		Sections: []statuspage.Section{
			{Title: "a", Entries: []statuspage.Entry{{Monitor: "65a500000000000000000002"}}}, {Entries: []statuspage.Entry{}},
		},
	}
	if diff := cmp.Diff(want, normal); diff != "" {
		t.Errorf("the page differs (-want +got):\n%s", diff)
	}
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Errorf("Normalize has changed a copy of the page: %s", after)
	}
	var empty statuspage.Page
	empty.Normalize()
	if diff := cmp.Diff(statuspage.Page{
		Hosts: []string{}, Sections: []statuspage.Section{}, Visibility: statuspage.Public, Zone: "UTC",
	}, empty); diff != "" {
		t.Errorf("an empty page differs (-want +got):\n%s", diff)
	}
}

func TestNormalizeMessage(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 30, hour, 0, 0, 0, time.UTC) }
	updates := []statuspage.Update{{Date: at(3), Text: "c"}, {Date: at(1), Text: "a"}, {Date: at(3), Text: "d"}, {Date: at(2), Text: "b"}}
	m := statuspage.Message{ID: "65A500000000000000000001", PageID: "65A500000000000000000002", Updates: updates, Updated: at(1)}
	m.Normalize()
	want := statuspage.Message{
		ID: "65a500000000000000000001", PageID: "65a500000000000000000002", Entries: []string{}, Updated: at(1),
		Updates: []statuspage.Update{{Date: at(1), Text: "a"}, {Date: at(2), Text: "b"}, {Date: at(3), Text: "c"}, {Date: at(3), Text: "d"}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("the message differs (-want +got):\n%s", diff)
	}
	if updates[0].Text != "c" {
		t.Error("Normalize has changed the updates of the caller")
	}
}

func TestSetEntryIDs(t *testing.T) {
	p := statuspage.Page{Slug: "s", Title: "t", Sections: make([]statuspage.Section, 2)}
	for i := range p.Sections {
		p.Sections[i].Entries = slices.Repeat([]statuspage.Entry{{Name: "n", Group: "g"}}, 150)
	}
	p.Sections[1].Entries[7].ID = "0a1b2c3d"
	p.SetEntryIDs()
	p.Normalize()
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	if id := p.Sections[1].Entries[7].ID; id != "0a1b2c3d" {
		t.Errorf("the id of an entry has changed to %s", id)
	}
}

// FuzzPage checks that a valid page is unchanged after it was normalized again, and after it was sent as JSON.
func FuzzPage(f *testing.F) {
	seed := validPage()
	seed.Logo, seed.Hosts = picture(f, "image/png"), []string{"bücher.example", "A.example."}
	for _, p := range []statuspage.Page{seed, {}, {Slug: "a", Title: "b"}} {
		text, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkDocument(t, text, (*statuspage.Page).Normalize)
	})
}

// FuzzMessage checks the same of messages.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"title": "t", "entries": ["0a1b2c3d"], "updates": [{"date": "2026-11-30T22:00:00.1234+01:00", "state": "resolved", "text": "x"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkDocument(t, text, (*statuspage.Message).Normalize)
	})
}

func checkDocument[T interface{ Validate() error }](t *testing.T, text []byte, normalize func(*T)) {
	var document T
	if json.Unmarshal(text, &document) != nil {
		return
	}
	normalize(&document)
	if document.Validate() != nil {
		return
	}
	again := document
	normalize(&again)
	if !reflect.DeepEqual(document, again) {
		t.Errorf("normalized again, %+v is %+v", document, again)
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatalf("%+v can't be encoded: %v", document, err)
	}
	var decoded T
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	normalize(&decoded)
	if !reflect.DeepEqual(document, decoded) {
		t.Errorf("decoded, %+v is %+v", document, decoded)
	}
}
