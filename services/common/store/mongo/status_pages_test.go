package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
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
		Updates: []statuspage.Update{{Date: pageDate, State: statuspage.Identified}},
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

// TestAddressesAreUniqueAcrossProcesses creates and replaces pages with the same slug or host through two stores, as two
// processes of the API do. It does not use FerretDB, where only writes of the same process exclude each other.
func TestAddressesAreUniqueAcrossProcesses(t *testing.T) {
	uri := mongotest.StartWatchable(t)
	c := Config{URI: uri, Database: mongotest.Database(t, uri)}
	stores := []*Store{open(t, c), open(t, c)}
	for round := range 20 {
		for _, field := range []string{"slug", "hosts"} {
			errs := make([]error, 8)
			var writers sync.WaitGroup
			for n := range errs {
				p := newPage(fmt.Sprintf("%s-%d-%d", field, round, n))
				if n >= 4 {
					wantNoError(t, stores[0].CreateStatusPage(t.Context(), p))
				}
				old := p
				if field == "slug" {
					p.Slug = fmt.Sprint("same-", round)
				} else {
					p.Hosts = []string{fmt.Sprintf("own-%d-%d.example", round, n), fmt.Sprintf("same-%d.example", round)}
				}
				writers.Go(func() {
					if n >= 4 {
						errs[n] = stores[n%2].ReplaceStatusPageIf(t.Context(), p, old)
					} else {
						errs[n] = stores[n%2].CreateStatusPage(t.Context(), p)
					}
				})
			}
			writers.Wait()
			won := slices.IndexFunc(errs, func(err error) bool { return err == nil })
			for n, err := range errs {
				if n != won && (!monitor.IsInvalid(err) || !strings.Contains(err.Error(), ": "+field+" ")) {
					t.Fatalf("round %d: writer %d got %v although writer %d won, want an error that names %s", round, n, err, won, field)
				}
			}
			if won < 0 {
				t.Fatalf("round %d: no writer won: %v", round, errors.Join(errs...))
			}
			pages, err := stores[0].StatusPages(t.Context())
			wantNoError(t, err)
			for _, p := range pages {
				wantNoError(t, stores[1].DeleteStatusPage(t.Context(), p.ID))
			}
		}
	}
}

// TestDamagedStatusPages stores documents that can't be decoded. They must not affect others, are logged once,
// and can be deleted.
func TestDamagedStatusPages(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		var log strings.Builder
		s := open(t, Config{
			URI: uri, Database: mongotest.Database(t, uri), Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		p := newPage("page")
		m := newMessage(p)
		wantNoError(t, s.CreateStatusPage(t.Context(), p))
		wantNoError(t, s.CreateStatusMessage(t.Context(), m))
		page, err := bson.ObjectIDFromHex(p.ID)
		wantNoError(t, err)
		for i, text := range []any{"{", nil, 5, `{"updates": []}`, `{"updates": null, "hosts": 1}`} {
			id := bson.NewObjectIDFromTimestamp(pageDate)
			insert(t, s, "status_pages", bson.D{field("_id", id), field("slug", fmt.Sprint(i)), field("hosts", bson.A{fmt.Sprint("/", i)}),
				field("page", map[bool]any{true: "[", false: text}[i == 3])})
			insert(t, s, "status_messages", bson.D{field("_id", id), field("page_id", page), field("resolved", i%2 == 0), field("date", pageDate), field("message", text)})
			for range 2 {
				if pages, err := s.StatusPages(t.Context()); err != nil || len(pages) != 1 {
					t.Errorf("%d pages, error %v; want 1", len(pages), err)
				}
				if messages, err := s.StatusMessages(t.Context(), []string{p.ID}, pageDate); err != nil || len(messages) != 1 {
					t.Errorf("%d messages, error %v; want 1", len(messages), err)
				}
			}
			if n := strings.Count(log.String(), "id="+id.Hex()); n != 2 {
				t.Errorf("%d log lines name a damaged page or message, want 2: %s", n, log.String())
			}
			_, pageErr := s.StatusPage(t.Context(), id.Hex())
			_, messageErr := s.StatusMessage(t.Context(), id.Hex())
			if pageErr == nil || messageErr == nil {
				t.Errorf("%v: no error for a damaged page (%v) or message (%v)", text, pageErr, messageErr)
			}
			wantNoError(t, s.DeleteStatusMessage(t.Context(), id.Hex()))
			wantNoError(t, s.DeleteStatusPage(t.Context(), id.Hex()))
		}
	})
}

// TestExpireOrphanStatusMessages deletes a page as an interrupted DeleteStatusPage does.
func TestExpireOrphanStatusMessages(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
		kept, deleted := newPage("kept"), newPage("deleted")
		for _, p := range []statuspage.Page{kept, deleted} {
			wantNoError(t, s.CreateStatusPage(t.Context(), p))
			wantNoError(t, s.CreateStatusMessage(t.Context(), newMessage(p)))
			wantNoError(t, s.CreateStatusMessage(t.Context(), newMessage(p)))
		}
		id, err := bson.ObjectIDFromHex(deleted.ID)
		wantNoError(t, err)
		_, err = s.statusPages.DeleteOne(t.Context(), byID(id))
		wantNoError(t, err)
		_, err = s.Expire(t.Context(), time.Now(), store.Retention{Results: time.Hour, Rollups: time.Hour})
		wantNoError(t, err)
		messages, err := findIDs[bson.ObjectID](t.Context(), s.statusMessages, bson.D{}, 0)
		if err != nil || len(messages) != 2 {
			t.Errorf("%d messages are left, error %v; want the 2 of the other page", len(messages), err)
		}
	})
}

// TestStatusMessagesAreLimited fills a page with messages.
func TestStatusMessagesAreLimited(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		s := open(t, Config{URI: uri, Database: mongotest.Database(t, uri)})
		full, other := newPage("full"), newPage("other")
		wantNoError(t, s.CreateStatusPage(t.Context(), full))
		wantNoError(t, s.CreateStatusPage(t.Context(), other))
		docs := make([]statusMessageDoc, statuspage.MaxMessages)
		for i := range docs {
			doc, err := toStatusMessageDoc(newMessage(full))
			wantNoError(t, err)
			docs[i] = doc
		}
		_, err := insertNew(t.Context(), s.statusMessages, docs)
		wantNoError(t, err)
		if err := s.CreateStatusMessage(t.Context(), newMessage(full)); !monitor.IsInvalid(err) {
			t.Errorf("creating one more message: %v, want an InvalidError", err)
		}
		wantNoError(t, s.CreateStatusMessage(t.Context(), newMessage(other)))
		wantNoError(t, s.DeleteStatusMessage(t.Context(), docs[0].ID.Hex()))
		wantNoError(t, s.CreateStatusMessage(t.Context(), newMessage(full)))
		if list, err := s.messagesOf(t.Context(), []string{full.ID}, time.Time{}, 7); err != nil || len(list) != 7 {
			t.Errorf("%d messages, error %v; want 7", len(list), err)
		}
		list, err := s.StatusMessages(t.Context(), []string{full.ID}, time.Time{})
		if err != nil || len(list) != statuspage.MaxMessages {
			t.Errorf("%d messages, error %v; want %d", len(list), err, statuspage.MaxMessages)
		}
	})
}

// TestStatusMessageQueriesUseIndexes runs every method that reads or deletes several messages and checks the commands.
func TestStatusMessageQueriesUseIndexes(t *testing.T) {
	database := mongotest.Database(t, server)
	indexes := indexesOf(t, openStore(t, database).statusMessages, 1)
	var mutex sync.Mutex
	seen := make(map[string]int)
	s := open(t, Config{URI: server, Database: database, monitor: &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if name, _ := e.Command.Lookup(e.CommandName).StringValueOK(); name != "status_messages" || e.CommandName == "createIndexes" {
			return
		}
		queries, err := queriesOf(e.Command, "status_messages")
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			t.Error(err)
		}
		for _, q := range queries {
			seen[q.command]++
			if problem := q.hintProblem(indexes); problem != "" || !slices.ContainsFunc(indexes, q.served) {
				t.Errorf("no index serves %s %v sorted by %v: %s", q.command, q.filter, q.sort, problem)
			}
		}
	}}})
	p := newPage("page")
	wantNoError(t, s.CreateStatusPage(t.Context(), p))
	wantNoError(t, s.CreateStatusMessage(t.Context(), newMessage(p)))
	_, err := s.StatusMessages(t.Context(), []string{p.ID}, pageDate)
	wantNoError(t, err)
	_, err = s.Expire(t.Context(), time.Now(), store.Retention{Results: time.Hour, Rollups: time.Hour})
	wantNoError(t, err)
	wantNoError(t, s.DeleteStatusPage(t.Context(), p.ID))
	if seen["find"] < 5 || seen["delete"] < 1 {
		t.Errorf("only %v were seen", seen)
	}
}
