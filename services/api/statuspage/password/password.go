// Package password protects status pages with passwords: it hashes and checks them, limits attempts, and remembers
// visitors by cookies.
package password

import (
	"fmt"

	"golang.org/x/crypto/bcrypt"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

// cost makes a hash take about a quarter of a second.
const cost = 12

// Validate returns a [monitor.InvalidError] if a password is too short or too long.
func Validate(password string) error {
	if n := len(password); n < statuspage.MinPassword || n > statuspage.MaxPassword {
		return monitor.Invalid(fmt.Sprintf("password must have %d to %d bytes", statuspage.MinPassword, statuspage.MaxPassword),
			"Use a longer phrase that is hard to guess. Letters outside of ASCII have more than one byte.")
	}
	return nil
}

// Hash returns the hash of a password. The error is that of [Validate].
func Hash(password string) (string, error) { return hashWith(cost, password) }

func hashWith(cost int, password string) (string, error) {
	if err := Validate(password); err != nil {
		return "", err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hash), nil
}

// matches reports whether a hash is that of a password. It takes the time of a hash in any case.
func matches(hash, password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	return err == nil && len(password) <= statuspage.MaxPassword // the hash ignores what is longer
}
