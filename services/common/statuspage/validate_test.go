package statuspage_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

func validPage() statuspage.Page {
	return statuspage.Page{
		Slug: "shop-1", Title: "Shop",
		Sections: []statuspage.Section{{Title: "Web", Entries: []statuspage.Entry{
			{ID: "0a1b2c3d", Name: "Payments", Monitor: "65A500000000000000000001"},
			{ID: "00000001", Name: "Web", Group: "web"}, {ID: "00000002", Name: "Team", Label: "team=web"},
		}}, {}},
		Hosts: []string{"status.example.com"},
	}
}

// picture returns an image of a type as a data URL.
func picture(t testing.TB, contentType string) string {
	t.Helper()
	dot := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black})
	var encoded bytes.Buffer
	err := map[string]func() error{
		"image/png":  func() error { return png.Encode(&encoded, dot) },
		"image/jpeg": func() error { return jpeg.Encode(&encoded, dot, nil) },
		"image/gif":  func() error { return gif.Encode(&encoded, dot, nil) },
		"image/webp": func() error { encoded.WriteString("RIFF\x00\x00\x00\x00WEBPVP8 "); return nil },
	}[contentType]()
	if err != nil {
		t.Fatal(err)
	}
	return dataURL(contentType, encoded.Bytes())
}

func dataURL(contentType string, content []byte) string {
	return "data:" + contentType + ";base64," + base64.StdEncoding.EncodeToString(content)
}

// wantDetail fails the test unless err is a [monitor.InvalidError] whose detail begins with want, or nil if want is empty.
func wantDetail(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err == nil:
	case want == "" || err == nil || !monitor.IsInvalid(err) || !strings.HasPrefix(err.Error(), want):
		t.Errorf("the error is %v, want one that begins with %q", err, want)
	}
}

func TestPages(t *testing.T) {
	type page = statuspage.Page
	entry := func(change func(*statuspage.Entry)) func(*page) {
		return func(p *page) { change(&p.Sections[0].Entries[0]) }
	}
	hosts := func(hosts ...string) func(*page) { return func(p *page) { p.Hosts = hosts } }
	logo := func(logo string) func(*page) { return func(p *page) { p.Logo = logo } }
	large := append([]byte("GIF89a"), make([]byte, statuspage.MaxLogo-6)...)
	for name, test := range map[string]struct {
		change func(*page)
		want   string // the begin of the error, or empty if the page is valid
	}{
		"as it is":         {func(*page) {}, ""},
		"no sections":      {func(p *page) { p.Sections = nil }, ""},
		"no hosts":         {hosts(), ""},
		"longest texts":    {func(p *page) { p.Slug, p.Title = strings.Repeat("a", 63), strings.Repeat("長", 100) }, ""},
		"introduction":     {func(p *page) { p.Introduction = "# A\r\n\n\tb" + strings.Repeat("長", 9_990) }, ""},
		"password":         {func(p *page) { p.Visibility, p.PasswordHash = "password", "hash" }, ""},
		"zone":             {func(p *page) { p.Zone = "Europe/Amsterdam" }, ""},
		"key as label":     {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", "team" }), ""},
		"label to trim":    {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", " team = web\t" }), ""},
		"value with =":     {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", "team=a=b" }), ""},
		"PNG":              {logo(picture(t, "image/png")), ""},
		"JPEG":             {logo(picture(t, "image/jpeg")), ""},
		"GIF":              {logo(picture(t, "image/gif")), ""},
		"WebP":             {logo(picture(t, "image/webp")), ""},
		"largest logo":     {logo(dataURL("image/gif", large)), ""},
		"several hosts":    {hosts("a.co", "b.example", "my_host.example", "xn--bcher-kva.example"), ""},
		"hosts to convert": {hosts(" Status.Example.COM. ", "bücher.example"), ""},

		"no slug":                 {func(p *page) { p.Slug = "" }, "slug is missing"},
		"capital slug":            {func(p *page) { p.Slug = "Shop" }, "slug must contain only"},
		"slug with a dot":         {func(p *page) { p.Slug = "shop.json" }, "slug must contain only"},
		"slug with a slash":       {func(p *page) { p.Slug = "../api" }, "slug must contain only"},
		"slug of letters":         {func(p *page) { p.Slug = "größe" }, "slug must contain only"},
		"hyphen as slug":          {func(p *page) { p.Slug = "-" }, "slug must begin and end with"},
		"slug with a begin -":     {func(p *page) { p.Slug = "-shop" }, "slug must begin and end with"},
		"slug with an end -":      {func(p *page) { p.Slug = "shop-" }, "slug must begin and end with"},
		"long slug":               {func(p *page) { p.Slug = strings.Repeat("a", 64) }, "slug has 64 characters"},
		"no title":                {func(p *page) { p.Title = " \t" }, "title is missing"},
		"long title":              {func(p *page) { p.Title = strings.Repeat("長", 101) }, "title has 101 characters"},
		"title with a line":       {func(p *page) { p.Title = "a\nb" }, "title contains the control character U+000A"},
		"title that turns":        {func(p *page) { p.Title = "a\u202eb" }, "title contains the control character U+202E"},
		"title of bytes":          {func(p *page) { p.Title = "a\xff" }, "title is not valid UTF-8"},
		"long introduction":       {func(p *page) { p.Introduction = strings.Repeat("長", 10_001) }, "introduction has 10001"},
		"introduction with a NUL": {func(p *page) { p.Introduction = "a\x00" }, "introduction contains the control character U+0000"},
		"introduction with a C1":  {func(p *page) { p.Introduction = "a\u0085" }, "introduction contains the control character U+0085"},
		"visibility":              {func(p *page) { p.Visibility = "private" }, "visibility must be"},
		"no password":             {func(p *page) { p.Visibility = "password" }, "password is missing"},
		"unknown zone":            {func(p *page) { p.Zone = "Europe/Nowhere" }, "zone must be"},
		"path as zone":            {func(p *page) { p.Zone = "../../etc/passwd" }, "zone must be"},

		"SVG":               {logo(dataURL("image/svg+xml", []byte("<svg/>"))), "logo must be a PNG"},
		"SVG as PNG":        {logo(dataURL("image/png", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))), "logo must be an image of the type image/png"},
		"GIF as PNG":        {logo(strings.Replace(picture(t, "image/gif"), "gif", "png", 1)), "logo must be an image of the type image/png"},
		"link as logo":      {logo("https://example.com/logo.png"), "logo must be a PNG"},
		"no base64":         {logo("data:image/png,abc"), "logo must be a PNG"},
		"parameters":        {logo("data:image/png;charset=utf-8;base64,AAAA"), "logo must be a PNG"},
		"broken base64":     {logo("data:image/png;base64,*"), "logo is not valid base64"},
		"base64 with lines": {logo(picture(t, "image/png") + "\n"), "logo is not valid base64"},
		"empty logo":        {logo("data:image/png;base64,"), "logo must be an image"},
		"large logo":        {logo(dataURL("image/gif", append(large, 0))), "logo has more than 64 KiB"},
		"huge logo":         {logo(dataURL("image/gif", append(large, large...))), "logo has more than 64 KiB"},

		"many sections": {func(p *page) { p.Sections = make([]statuspage.Section, 51) }, "sections has 51 elements"},
		"section title": {func(p *page) { p.Sections[1].Title = "\u0007" }, "sections[1].title contains the control"},
		"many entries": {func(p *page) {
			for n := range 300 {
				p.Sections[1].Entries = append(p.Sections[1].Entries, statuspage.Entry{ID: fmt.Sprintf("a%07d", n), Name: "n", Group: "g"})
			}
		}, "sections has 303 entries"},
		"no entry id":           {entry(func(e *statuspage.Entry) { e.ID = "" }), "sections[0].entries[0].id must be"},
		"capital entry id":      {entry(func(e *statuspage.Entry) { e.ID = "0A1B2C3D" }), "sections[0].entries[0].id must be"},
		"same entry id":         {entry(func(e *statuspage.Entry) { e.ID = "00000002" }), "sections[0].entries[2].id is 00000002, which"},
		"no public name":        {entry(func(e *statuspage.Entry) { e.Name = "" }), "sections[0].entries[0].name is missing"},
		"long public name":      {entry(func(e *statuspage.Entry) { e.Name = strings.Repeat("a", 101) }), "sections[0].entries[0].name has 101"},
		"nothing":               {entry(func(e *statuspage.Entry) { e.Monitor = "" }), "sections[0].entries[0] must have one of monitor, group and label, not 0"},
		"monitor and group":     {entry(func(e *statuspage.Entry) { e.Group = "g" }), "sections[0].entries[0] must have one of monitor, group and label, not 2"},
		"name as monitor":       {entry(func(e *statuspage.Entry) { e.Monitor = "shop" }), "sections[0].entries[0].monitor must be an id"},
		"long group":            {entry(func(e *statuspage.Entry) { e.Monitor, e.Group = "", strings.Repeat("a", 101) }), "sections[0].entries[0].group has 101"},
		"label without a key":   {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", "=web" }), "sections[0].entries[0].label: label with the value"},
		"label without a value": {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", "team=" }), "sections[0].entries[0].label: label team has no value"},
		"invalid key":           {entry(func(e *statuspage.Entry) { e.Monitor, e.Label = "", "a b" }), "sections[0].entries[0].label: label key"},

		"many hosts":       {hosts(strings.Split("a.b b.b c.b d.b e.b f.b g.b h.b i.b j.b k.b", " ")...), "hosts has 11 elements"},
		"URL as host":      {hosts("https://status.example.com"), "hosts must be host names"},
		"port":             {hosts("status.example.com:8443"), "hosts must be host names"},
		"path":             {hosts("status.example.com/x"), "hosts must be host names"},
		"empty host":       {hosts(""), "hosts must be host names"},
		"empty part":       {hosts("a..example"), "hosts must be host names"},
		"long part":        {hosts(strings.Repeat("a", 64) + ".example"), "hosts must be host names"},
		"long host":        {hosts(strings.Repeat("a.", 130) + "example"), "hosts must be host names"},
		"wildcard":         {hosts("*.example.com"), "hosts must be host names"},
		"address":          {hosts("192.0.2.1"), "hosts must not contain 192.0.2.1"},
		"IPv6 address":     {hosts("[::1]"), "hosts must be host names"},
		"localhost":        {hosts("LOCALHOST"), "hosts must not contain localhost"},
		"below localhost":  {hosts("status.localhost"), "hosts must not contain status.localhost"},
		"name without dot": {hosts("status"), "hosts must not contain status"},
		"same host":        {hosts("a.example", "A.example."), "hosts contains a.example twice"},
		"not convertible":  {hosts("-bücher-.example"), "hosts must be host names"},
		"host of a header": {hosts("a.example\r\nX: y"), "hosts must be host names"},
	} {
		t.Run(name, func(t *testing.T) {
			p := validPage()
			test.change(&p)
			p.Normalize()
			wantDetail(t, p.Validate(), test.want)
		})
	}
}

func TestMessages(t *testing.T) {
	type message = statuspage.Message
	date := time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		change func(*message)
		want   string // the begin of the error, or empty if the message is valid
	}{
		"as it is":         {func(*message) {}, ""},
		"no entries":       {func(m *message) { m.Entries = nil }, ""},
		"no text":          {func(m *message) { m.Updates[0].Text = "" }, ""},
		"longest text":     {func(m *message) { m.Updates[0].Text = strings.Repeat("長", 5_000) }, ""},
		"no title":         {func(m *message) { m.Title = "" }, "title is missing"},
		"long title":       {func(m *message) { m.Title = strings.Repeat("a", 101) }, "title has 101"},
		"entry":            {func(m *message) { m.Entries = []string{"shop"} }, "entries must be ids"},
		"same entry":       {func(m *message) { m.Entries = []string{"0a1b2c3d", "0a1b2c3d"} }, "entries contains 0a1b2c3d twice"},
		"many entries":     {func(m *message) { m.Entries = make([]string, 301) }, "entries has 301"},
		"no update":        {func(m *message) { m.Updates = nil }, "updates must contain"},
		"many updates":     {func(m *message) { m.Updates = make([]statuspage.Update, 101) }, "updates has 101"},
		"no date":          {func(m *message) { m.Updates[0].Date = time.Time{} }, "updates[0].date must be between"},
		"late date":        {func(m *message) { m.Updates[0].Date = date.AddDate(8000, 0, 0) }, "updates[0].date must be between"},
		"no state":         {func(m *message) { m.Updates[0].State = "" }, "updates[0].state must be"},
		"unknown state":    {func(m *message) { m.Updates[0].State = "Resolved" }, "updates[0].state must be"},
		"long text":        {func(m *message) { m.Updates[0].Text = strings.Repeat("a", 5_001) }, "updates[0].text has 5001"},
		"bytes":            {func(m *message) { m.Updates[0].Text = "\xff" }, "updates[0].text is not valid UTF-8"},
		"text with escape": {func(m *message) { m.Updates[0].Text = "\x1b[2J" }, "updates[0].text contains the control character U+001B"},
	} {
		t.Run(name, func(t *testing.T) {
			m := message{Title: "Slow payments", Entries: []string{"0a1b2c3d"},
				Updates: []statuspage.Update{{Date: date, State: statuspage.Investigating, Text: "We look at it."}}}
			test.change(&m)
			m.Normalize()
			wantDetail(t, m.Validate(), test.want)
		})
	}
}
