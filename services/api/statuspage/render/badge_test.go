package render

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"nanomon/services/api/statuspage/view"
)

// svg has the parts of a badge that the tests check.
type svg struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	Width   int      `xml:"width,attr"`
	Label   string   `xml:"aria-label,attr"`
	Groups  []struct {
		Rects []struct {
			X     int    `xml:"x,attr"`
			Width int    `xml:"width,attr"`
			Fill  string `xml:"fill,attr"`
		} `xml:"rect"`
		Texts []struct {
			X      int    `xml:"x,attr"`
			Length int    `xml:"textLength,attr"`
			Text   string `xml:",chardata"`
		} `xml:"text"`
	} `xml:"g"`
}

func parseBadge(t *testing.T, data []byte) svg {
	t.Helper()
	var s svg
	if err := xml.Unmarshal(data, &s); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return s
}

func TestBadges(t *testing.T) {
	v, e := fine(), sampleEntry(1, "Payments & <Co>", 212.6)
	e.Uptimes["30d"] = 98.5
	uptime, _ := UptimeBadge(v, e, "30d")
	unknown, _ := UptimeBadge(v, view.Entry{}, "7d")
	for _, c := range []struct {
		name  string
		data  []byte
		label string
		color string
	}{
		{"status", StatusBadge(v, e), "Payments & <Co>: operational", "#15703c"},
		{"down", StatusBadge(v, view.Entry{Name: "API", Level: view.Down}), "API: outage", "#b3261e"},
		{"control character", StatusBadge(v, view.Entry{Name: "A\x00B", Level: view.Partial}), "A\uFFFDB: partial outage", "#97500a"},
		{"uptime", uptime, "uptime 30d: 98.5 %", "#97500a"},
		{"unknown uptime", unknown, "uptime 7d: unknown", "#5a6472"},
		{"response", ResponseBadge(v, e), "response time: 213 ms", "#1d4ed8"},
		{"no response", ResponseBadge(v, view.Entry{}), "response time: unknown", "#5a6472"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parseBadge(t, c.data)
			if s.Label != c.label {
				t.Errorf("label is %q, want %q", s.Label, c.label)
			}
			rects, texts := s.Groups[0].Rects, s.Groups[1].Texts
			if rects[1].Fill != c.color {
				t.Errorf("color is %s, want %s", rects[1].Fill, c.color)
			}
			if s.Width != rects[0].Width+rects[1].Width || rects[1].X != rects[0].Width {
				t.Errorf("the parts do not fill the badge: %+v", s)
			}
			for i, text := range texts {
				if text.X != rects[i].X+badgePadding || text.Length != rects[i].Width-2*badgePadding || text.Length != textWidth(text.Text) {
					t.Errorf("text %q does not fit its part: %+v in %+v", text.Text, text, rects[i])
				}
			}
		})
	}
}

func TestUptimeBadgeHasKnownWindowsOnly(t *testing.T) {
	v, e := fine(), sampleEntry(1, "Payments", 0)
	for _, window := range []string{"24h", "7d", "30d", "90d"} {
		if _, ok := UptimeBadge(v, e, window); !ok {
			t.Errorf("no badge of %s", window)
		}
		if _, ok := UptimeShield(v, e, window); !ok {
			t.Errorf("no shield of %s", window)
		}
	}
	for _, window := range []string{"", "1h", "30D", "365d"} {
		if _, ok := UptimeBadge(v, e, window); ok {
			t.Errorf("a badge of %q", window)
		}
		if _, ok := UptimeShield(v, e, window); ok {
			t.Errorf("a shield of %q", window)
		}
	}
}

func TestShields(t *testing.T) {
	v, e := fine(), sampleEntry(1, strings.Repeat("long ", 20), 9.21)
	uptime, _ := UptimeShield(v, e, "90d")
	for want, data := range map[string][]byte{
		`{"schemaVersion":1,"label":"long long long long long long long long…","message":"operational","color":"brightgreen"}`: StatusShield(v, e),
		`{"schemaVersion":1,"label":"uptime 90d","message":"100 %","color":"brightgreen"}`:                                     uptime,
		`{"schemaVersion":1,"label":"response time","message":"9.2 ms","color":"blue"}`:                                        ResponseShield(v, e),
		`{"schemaVersion":1,"label":"x","message":"maintenance","color":"blue"}`:                                               StatusShield(v, view.Entry{Name: "x", Level: view.InMaintenance}),
	} {
		if got := strings.TrimSpace(string(data)); got != want || !json.Valid(data) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestBadgesOfOldPagesAreGray checks that badges do not show the last known status as the current one.
func TestBadgesOfOldPagesAreGray(t *testing.T) {
	v, e := oldPage(), sampleEntry(1, "Payments", 84)
	uptime, _ := UptimeBadge(v, e, "30d")
	for label, data := range map[string][]byte{
		"Payments: not updated": StatusBadge(v, e), "uptime 30d: 100 %": uptime, "response time: 84 ms": ResponseBadge(v, e),
	} {
		if s := parseBadge(t, data); s.Label != label || s.Groups[0].Rects[1].Fill != "#5a6472" {
			t.Errorf("got %q in %s", s.Label, s.Groups[0].Rects[1].Fill)
		}
	}
	uptime, _ = UptimeShield(v, e, "30d")
	for message, data := range map[string][]byte{"not updated": StatusShield(v, e), "100 %": uptime, "84 ms": ResponseShield(v, e)} {
		if got := string(data); !strings.Contains(got, `"message":"`+message+`","color":"lightgrey"`) || strings.Contains(got, "isError") {
			t.Errorf("got %s", got)
		}
	}
}

func TestTextWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "uptime": 39, "WWWWWW": 66, "iiiiii": 19, "状态": 23, "e\u0301": 7, "é": 8} {
		if got := textWidth(text); got != want {
			t.Errorf("width of %q is %d, want %d", text, got, want)
		}
	}
}
