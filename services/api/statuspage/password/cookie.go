package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/statuspage"
)

// cookieTime is how long a visitor does not have to enter the password again.
const cookieTime = 30 * 24 * time.Hour

// cookiePath is the path of all cookies. The path of one page would exclude its JSON and its feed, because they do not
// begin with that path and a slash.
const cookiePath = "/status/"

// Cookie returns the cookie of a visitor who knows the password of a page. It is valid on every process of the API, only
// for this page, and until the password is changed. secure restricts it to https.
func (g *Guard) Cookie(page statuspage.Page, secure bool) *http.Cookie {
	expires := g.now().Add(cookieTime).Unix()
	return &http.Cookie{
		Name: cookieName(page), Value: fmt.Sprintf("%d.%s", expires, signature(page, expires)),
		Path: cookiePath, MaxAge: int(cookieTime / time.Second), HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// Knows reports whether a request has a valid cookie for a page.
func (g *Guard) Knows(r *http.Request, page statuspage.Page) bool {
	if page.PasswordHash == "" {
		return false // Anyone could create the signature.
	}
	for _, cookie := range r.CookiesNamed(cookieName(page)) {
		date, signed, _ := strings.Cut(cookie.Value, ".")
		expires, err := strconv.ParseInt(date, 10, 64)
		if err == nil && hmac.Equal([]byte(signed), []byte(signature(page, expires))) && g.now().Unix() < expires {
			return true
		}
	}
	return false
}

// cookieName returns a name that says nothing about the page.
func cookieName(page statuspage.Page) string {
	sum := sha256.Sum256([]byte("name of the cookie\n" + page.ID))
	return fmt.Sprintf("nanomon_status_%x", sum[:8])
}

// signature proves that the sender has had the cookie from a process that knows the hash of the password.
func signature(page statuspage.Page, expires int64) string {
	sign := hmac.New(sha256.New, []byte(page.PasswordHash))
	fmt.Fprintf(sign, "visitor of a status page\n%s\n%d", page.ID, expires)
	return base64.RawURLEncoding.EncodeToString(sign.Sum(nil))
}
