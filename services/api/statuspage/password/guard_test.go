package password

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"nanomon/services/common/statuspage"
)

const secret = "open sesame"

// testGuard is a guard with its own clock, which counts the hashes that it computes.
type testGuard struct {
	*Guard
	now    time.Time
	hashes int
}

func newTestGuard() *testGuard {
	g := &testGuard{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	g.Guard = NewGuard(func() time.Time { return g.now })
	g.matches = func(hash, password string) bool {
		g.hashes++
		return matches(hash, password)
	}
	return g
}

// pageWith returns a page with the secret as password, whose hash is quick to compute.
func pageWith(t *testing.T, id string) statuspage.Page {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return statuspage.Page{ID: id, Slug: "slug-" + id, Visibility: statuspage.Password, PasswordHash: string(hash)}
}

// TestManyGuesses sends 10,000 guesses from as many addresses in an hour. The right one is refused among the late ones.
func TestManyGuesses(t *testing.T) {
	g, page := newTestGuard(), pageWith(t, "a")
	const guesses = 10_000
	for i := range guesses {
		guess := fmt.Sprint("guess ", i)
		if i > 9_000 {
			guess = secret
		}
		if correct, _ := g.Check(t.Context(), page, fmt.Sprint("address ", i), guess); correct {
			t.Fatalf("guess %d is accepted", i)
		}
		// The last thousand comes at once: the limit allows another check every two minutes.
		if i < 9_000 {
			g.now = g.now.Add(time.Hour / 9_000)
		}
	}
	if g.hashes > 60 {
		t.Errorf("%d of %d guesses were checked", g.hashes, guesses)
	}
	g.now = g.now.Add(5 * time.Minute)
	if correct, wait := g.Check(t.Context(), page, "somebody", secret); !correct {
		t.Errorf("the right password is refused after the attack, wait %v", wait)
	}
	if correct, _ := g.Check(t.Context(), pageWith(t, "b"), "somebody", secret); !correct {
		t.Error("the attack prevents the password of another page")
	}
}

func TestGuessesOfOneClient(t *testing.T) {
	g := newTestGuard()
	page := pageWith(t, "a")
	for i := range 100 { // each page has a limit of its own
		page.ID = fmt.Sprint(i)
		g.Check(t.Context(), page, "attacker", "wrong")
		g.now = g.now.Add(time.Minute / 101)
	}
	if g.hashes != 5 {
		t.Errorf("%d guesses of one client were checked in a minute, want 5", g.hashes)
	}
	page.ID = "x"
	correct, wait := g.Check(t.Context(), page, "attacker", secret)
	if correct || wait <= 0 || wait > time.Minute {
		t.Errorf("the right one after too many: %v, wait %v", correct, wait)
	}
	g.now = g.now.Add(wait)
	if correct, wait := g.Check(t.Context(), page, "attacker", secret); !correct {
		t.Errorf("refused after waiting: %v", wait)
	}
}

// TestRightPasswordsDoNotCount lets many people behind one address enter the password.
func TestRightPasswordsDoNotCount(t *testing.T) {
	g, page := newTestGuard(), pageWith(t, "a")
	for i := range 100 {
		if correct, wait := g.Check(t.Context(), page, "office", secret); !correct {
			t.Fatalf("person %d is refused, wait %v", i, wait)
		}
		g.now = g.now.Add(time.Second)
	}
}

// TestChecksAreSpread limits the CPU time of all pages together, also for someone who knows a password.
func TestChecksAreSpread(t *testing.T) {
	g := newTestGuard()
	page := pageWith(t, "a")
	for range 10_000 {
		g.Check(t.Context(), page, "insider", secret)
		g.now = g.now.Add(time.Minute / 10_000)
	}
	if g.hashes > checkBurst+60 {
		t.Errorf("%d passwords were checked in a minute", g.hashes)
	}
}

func TestOneHashAtATime(t *testing.T) {
	g := newTestGuard()
	var lock sync.Mutex
	running, total := 0, 0
	g.matches = func(string, string) bool {
		lock.Lock()
		running++
		total++
		if running > 1 {
			t.Error("two passwords are checked at the same time")
		}
		lock.Unlock()
		for range 3 {
			matches("$2a$04$"+"0123456789012345678901uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", "wrong")
		}
		lock.Lock()
		running--
		lock.Unlock()
		return false
	}
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() { g.Check(t.Context(), statuspage.Page{ID: fmt.Sprint(i)}, fmt.Sprint(i), "wrong") })
	}
	group.Wait()
	if total != checkBurst {
		t.Errorf("%d passwords were checked at once, want %d", total, checkBurst)
	}
}

// TestRightAndWrongTakeOneHash checks that the time of an answer does not depend on the password.
func TestRightAndWrongTakeOneHash(t *testing.T) {
	g, page := newTestGuard(), pageWith(t, "a")
	for i, password := range []string{secret, "wrong", "", secret + "x", string(make([]byte, 4000))} {
		g.Check(t.Context(), page, "visitor", password)
		if g.hashes != i+1 {
			t.Errorf("%q: %d hashes, want %d", password[:min(len(password), 20)], g.hashes, i+1)
		}
		g.now = g.now.Add(time.Minute)
	}
}

func TestVisitorWhoIsGoneDoesNotWait(t *testing.T) {
	g := newTestGuard()
	g.turn <- struct{}{} // another check runs
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if correct, wait := g.Check(ctx, pageWith(t, "a"), "visitor", secret); correct || wait == 0 || g.hashes > 0 {
		t.Errorf("%v, wait %v, %d hashes", correct, wait, g.hashes)
	}
}
