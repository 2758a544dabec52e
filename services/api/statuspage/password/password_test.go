package password

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"nanomon/services/common/monitor"
)

func TestHash(t *testing.T) {
	for _, password := range []string{"open sesame", strings.Repeat("ä", 36)} {
		hash, err := hashWith(bcrypt.MinCost, password)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(hash, password) || !matches(hash, password) || matches(hash, password[1:]) {
			t.Errorf("%q has the hash %q", password, hash)
		}
		// The hash of 72 bytes ignores the rest.
		if matches(hash, password+"x") {
			t.Errorf("%q with one more character is correct", password)
		}
	}
	for _, password := range []string{"", "1234567", strings.Repeat("x", 73)} {
		var invalid *monitor.InvalidError
		if _, err := Hash(password); !errors.As(err, &invalid) || strings.Contains(invalid.Detail, "xxxx") {
			t.Errorf("%q: %v", password, err)
		}
	}
	if cost < 12 { // Hash uses it. A test with the race detector would take many seconds.
		t.Errorf("the cost is %d", cost)
	}
}
