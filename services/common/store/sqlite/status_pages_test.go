package sqlite

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

var pageDate = time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC)

func newPage(slug string) statuspage.Page {
	p := statuspage.Page{ID: monitor.NewID(pageDate), Slug: slug, Title: slug, Updated: pageDate}
	p.Normalize()
	return p
}

func newMessage(p statuspage.Page) statuspage.Message {
	m := statuspage.Message{
		ID: monitor.NewID(pageDate), PageID: p.ID, Title: "title", Updated: pageDate,
		Updates: []statuspage.Update{{Date: pageDate, State: statuspage.Resolved}},
	}
	m.Normalize()
	return m
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestStatusPageQueriesUseIndexes(t *testing.T) {
	s := openNew(t)
	for query, index := range map[string]string{
		selectSlugOwner:      "sqlite_autoindex_status_pages_2",
		deleteHosts:          "status_page_hosts_by_page",
		deleteStatusMessages: "status_messages_by_page",
		countStatusMessages:  "COVERING INDEX status_messages_by_page",
		listStatusMessages:   "sqlite_autoindex_status_messages_1",
	} {
		plan := strings.Join(planOf(t, s, query), "\n")
		if !strings.Contains(plan, index) || strings.Contains(plan, "SCAN status") || strings.Contains(plan, "SCAN m") {
			t.Errorf("%s\ndoes not use %s:\n%s", query, index, plan)
		}
	}
	// Pages are few, and read in the order of an index.
	if plan := strings.Join(planOf(t, s, selectStatusPages), "\n"); plan != "SCAN status_pages USING INDEX status_pages_by_title" {
		t.Errorf("%s\nhas the plan:\n%s", selectStatusPages, plan)
	}
	plan := strings.Join(planOf(t, s, listStatusMessages), "\n")
	if strings.Count(plan, "SEARCH m USING COVERING INDEX status_messages_by_page (page=? AND resolved=?") != 2 {
		t.Errorf("%s\nhas the plan:\n%s", listStatusMessages, plan)
	}
}

// fillStatusPages stores pages with messages. It returns their ids.
func fillStatusPages(t *testing.T, s *Store, pages, messages int) []string {
	t.Helper()
	ids := make([]string, pages)
	for n := range ids {
		p := newPage(fmt.Sprint("page-", n))
		ids[n] = p.ID
		wantNoError(t, s.CreateStatusPage(t.Context(), p))
	}
	// All messages with the same state have the same content, so that SQLite can make them.
	const fill = `WITH RECURSIVE numbers AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)
		INSERT INTO status_messages (id, page, resolved, date, definition)
		SELECT randomblob(12), unhex(p.value), n % 2, ?, iif(n % 2, ?, ?) FROM json_each(?) p, numbers`
	m := newMessage(statuspage.Page{ID: monitor.NewID(pageDate)})
	resolved, err := encodeMessage(&m)
	wantNoError(t, err)
	m.Updates[0].State = statuspage.Monitoring
	open, err := encodeMessage(&m)
	wantNoError(t, err)
	list, err := json.Marshal(ids)
	wantNoError(t, err)
	wantNoError(t, s.write(t.Context(), "fill", func(tx *tx) error {
		_, err := tx.exec(fill, messages, pageDate.UnixMilli(), resolved, open, string(list))
		return err
	}))
	return ids
}

// TestStatusMessagesAreLimited fills pages with messages. A reader gets a limited number, above all open ones.
func TestStatusMessagesAreLimited(t *testing.T) {
	s := openNew(t)
	ids := fillStatusPages(t, s, 2, statuspage.MaxMessages)
	if err := s.CreateStatusMessage(t.Context(), newMessage(statuspage.Page{ID: ids[0]})); !monitor.IsInvalid(err) {
		t.Errorf("creating one more message: %v, want an InvalidError", err)
	}
	const half = statuspage.MaxMessages / 2
	for limit, want := range map[int]struct{ open, resolved int }{
		3 * statuspage.MaxMessages: {2 * half, 2 * half}, 2*half + 7: {2 * half, 7}, half: {half, 0},
	} {
		list, err := s.messagesOf(t.Context(), ids, time.Time{}, limit)
		wantNoError(t, err)
		resolved := 0
		for _, m := range list {
			if m.State() == statuspage.Resolved {
				resolved++
			}
		}
		if open := len(list) - resolved; open != want.open || resolved != want.resolved {
			t.Errorf("with the limit %d, %d open and %d resolved messages were read, want %v", limit, open, resolved, want)
		}
	}
}

// TestDamagedStatusPages stores rows that can't be decoded. They must not affect others, are logged once,
// and can be deleted.
func TestDamagedStatusPages(t *testing.T) {
	s := openNew(t)
	p := newPage("page")
	wantNoError(t, s.CreateStatusPage(t.Context(), p))
	var log strings.Builder
	s.damage.Log = slog.New(slog.NewTextHandler(&log, nil))
	page, _ := rawID(p.ID)
	for i, text := range []string{"{", "", `{"updates": []}`, `{"updates": null, "hosts": 1}`} {
		id := monitor.NewID(pageDate)
		raw, _ := hex.DecodeString(id)
		wantNoError(t, s.write(t.Context(), "damage", func(tx *tx) error {
			definition := text
			if json.Valid([]byte(text)) {
				definition = "["
			}
			_, err := tx.exec("INSERT INTO status_pages (id, slug, title, definition) VALUES (?, ?, 'A', ?)", raw, fmt.Sprint(i), definition)
			if err == nil {
				_, err = tx.exec(insertStatusMessage, raw, page, i%2, pageDate.UnixMilli(), text)
			}
			return err
		}))
		for range 2 {
			if pages, err := s.StatusPages(t.Context()); err != nil || len(pages) != 1 {
				t.Errorf("%d pages, error %v; want 1", len(pages), err)
			}
			if messages, err := s.StatusMessages(t.Context(), []string{p.ID}, pageDate); err != nil || len(messages) != 0 {
				t.Errorf("%d messages, error %v; want none", len(messages), err)
			}
		}
		if n := strings.Count(log.String(), "id="+id); n != 2 {
			t.Errorf("%d log lines name a damaged page or message, want 2: %s", n, log.String())
		}
		_, pageErr := s.StatusPage(t.Context(), id)
		_, messageErr := s.StatusMessage(t.Context(), id)
		if pageErr == nil || messageErr == nil {
			t.Errorf("%q: no error for a damaged page (%v) or message (%v)", text, pageErr, messageErr)
		}
		wantNoError(t, s.DeleteStatusMessage(t.Context(), id))
		wantNoError(t, s.DeleteStatusPage(t.Context(), id))
	}
}
