package upgrade

import (
	"encoding/json"
	"net/http"
	"testing"
)

// testStatusPages makes a maintenance window of the old version public and creates a status page, with a message, for
// monitors of the old version. All of it stays the same after a restart of the API. A window of the old version is not
// public before.
func testStatusPages(t *testing.T, c client, old recording, restart func() client) {
	t.Helper()
	window := objects(c.get(t, "/api/maintenance"))[0]
	windowPath := "/api/maintenance/" + window["id"].(string)
	if window["public"] != nil || window["publicName"] != nil {
		t.Errorf("a window of the old version is %v, want it not to be public", window)
	}
	if pages := objects(c.get(t, "/api/status-pages")); len(pages) > 0 {
		t.Errorf("there are the status pages %v, want none", pages)
	}
	for _, computed := range []string{"id", "active", "next", "updated"} {
		delete(window, computed)
	}
	window["public"], window["publicName"] = true, "Planned work"
	c.call(t, http.MethodPut, windowPath, window, http.StatusOK)
	if window = c.get(t, windowPath).(map[string]any); window["public"] != true || window["publicName"] != "Planned work" {
		t.Errorf("the window is %v, want it to be public", window)
	}

	var page, message struct{ ID string }
	create := func(path string, body any, created any) {
		t.Helper()
		if err := json.Unmarshal(c.call(t, http.MethodPost, path, body, http.StatusOK), created); err != nil {
			t.Fatal(err)
		}
	}
	create("/api/status-pages", map[string]any{
		"slug": "shop", "title": "Shop", "hosts": []string{"status.example.com"},
		"sections": []any{map[string]any{"title": "Documents", "entries": []any{
			map[string]any{"name": "Manual", "monitor": old.monitor(t, "Docs")},
		}}},
	}, &page)
	pagePath := "/api/status-pages/" + page.ID
	create(pagePath+"/messages", map[string]any{
		"title": "Slow pages", "updates": []any{map[string]any{"state": "investigating", "text": "We look at it."}},
	}, &message)

	paths := []string{windowPath, pagePath, pagePath + "/messages"}
	before := make([]any, len(paths))
	for i, path := range paths {
		before[i] = c.get(t, path)
	}
	c = restart()
	for i, path := range paths {
		if difference := differ(path, before[i], c.get(t, path)); difference != "" {
			t.Errorf("after a restart: %s", difference)
		}
	}
	if missing := c.get(t, pagePath).(map[string]any)["missing"].([]any); len(missing) > 0 {
		t.Errorf("the page lacks the monitors of the entries %v", missing)
	}
	c.call(t, http.MethodDelete, pagePath, nil, http.StatusNoContent)
	c.call(t, http.MethodGet, pagePath+"/messages", nil, http.StatusNotFound)
}
