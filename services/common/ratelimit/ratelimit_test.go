package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/ratelimit"
)

func TestEachKeyHasItsLimit(t *testing.T) {
	now := time.Now()
	limit := ratelimit.New(func() time.Time { return now }, 2, 3)
	for i := range 5 {
		if got := limit.Allow("a"); got != (i < 3) {
			t.Errorf("call %d is allowed: %v", i, got)
		}
	}
	if got := limit.Wait("a"); got != time.Second/2 {
		t.Errorf("wait is %v", got)
	}
	if limit.Wait("b") != 0 || !limit.Allow("b") {
		t.Error("another key is limited, too")
	}
	now = now.Add(time.Second / 2)
	for range 2 { // Asking counts nothing.
		if got := limit.Wait("a"); got != 0 {
			t.Errorf("wait is %v after half a second", got)
		}
	}
	if !limit.Allow("a") || limit.Allow("a") {
		t.Error("half a second does not allow exactly one call")
	}
}

func TestNumberOfKeysIsLimited(t *testing.T) {
	limit := ratelimit.New(time.Now, 1, 1)
	for i := range ratelimit.MaxKeys + 10 {
		limit.Allow(fmt.Sprint(i))
	}
	if n := limit.Len(); n != ratelimit.MaxKeys {
		t.Errorf("%d keys", n)
	}
}
