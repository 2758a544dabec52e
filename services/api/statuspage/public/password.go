package public

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nanomon/services/api/statuspage/render"
	"nanomon/services/common/web"
)

// maxForm is the maximum size of the body of a password form in bytes.
const maxForm = 4 << 10

// enterPassword handles the password form. It always leads to the page itself, so it can't redirect to another site.
func (h *Handler) enterPassword(w http.ResponseWriter, r *http.Request) {
	if web.IsFromForeignPage(r) {
		sendForm(w, r, http.StatusForbidden, "Enter the password here. It can’t be sent from another site.")
		return
	}
	p, problem := h.find(r)
	if problem != nil {
		sendProblem(w, r, problem)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("password") == "" {
		sendForm(w, r, http.StatusBadRequest, "Enter the password")
		return
	}
	path := "/status/" + p.Page.Slug
	if !isLocked(p) {
		http.Redirect(w, r, path, http.StatusSeeOther)
		return
	}
	correct, wait := h.guard.Check(r.Context(), p.Page, h.clientOf(r), r.PostForm.Get("password"))
	switch {
	case wait > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		sendForm(w, r, http.StatusTooManyRequests, "Too many attempts. Try again in "+roughly(wait)+".")
	case !correct:
		askForPassword(w.Header())
		sendForm(w, r, http.StatusUnauthorized, "Wrong password")
	default:
		// A proxy that does not say that the client uses https does not hide it from the browser, which sends Origin.
		secure := web.IsHTTPS(r) || strings.HasPrefix(r.Header.Get("Origin"), "https://")
		http.SetCookie(w, h.guard.Cookie(p.Page, secure))
		w.Header().Set("Cache-Control", cacheNone)
		http.Redirect(w, r, path, http.StatusSeeOther)
	}
}

// sendForm sends the password form. It is the same for all pages.
func sendForm(w http.ResponseWriter, r *http.Request, status int, message string) {
	w.Header().Set("Cache-Control", cacheNone)
	w.Header().Set("X-Robots-Tag", "noindex")
	sendDocument(w, status, render.PasswordForm(render.Form{Action: r.URL.Path, Message: message}))
}

// roughly describes a duration, rounded up.
func roughly(d time.Duration) string {
	switch minutes := int(math.Ceil(d.Minutes())); {
	case d <= 10*time.Second:
		return "a few seconds"
	case minutes <= 1:
		return "a minute"
	default:
		return fmt.Sprintf("%d minutes", minutes)
	}
}
