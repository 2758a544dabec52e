package server

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"nanomon/services/api/auth"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// maxNote is the maximum length of the note of an acknowledgement, in characters.
const maxNote = 1000

// acknowledge stores that somebody takes care of an incident, and a notification that says so. Both writes can be
// repeated: a client that gets an error tries again.
func (h *incidentHandler) acknowledge(w http.ResponseWriter, r *http.Request) error {
	id, err := incidentPathID(r)
	if err != nil {
		return err
	}
	note, err := readNote(w, r)
	if err != nil {
		return err
	}
	i, err := h.store.AcknowledgeIncident(r.Context(), id, store.Acknowledgement{
		By: auth.FromContext(r.Context()).Name, Note: note, Date: monitor.Date(time.Now()),
	})
	switch {
	case err != nil:
		return unknownIncident(id, err)
	case i.Acknowledgement == nil:
		return web.Problemf(http.StatusConflict, "incident %s has ended: only an open incident can be acknowledged", id)
	}
	if i.Resolved.IsZero() {
		m, err := h.store.Monitor(r.Context(), i.MonitorID)
		if err != nil && !errors.Is(err, monitor.ErrNotFound) {
			return err
		}
		n := i.AcknowledgedNotification(m)
		if _, err := h.store.AddNotifications(r.Context(), []store.Notification{h.secretless(n, m)}); err != nil {
			return err
		}
	}
	return h.sendDetails(w, r, i)
}

// secretless returns n without the secrets in its target. m is its monitor.
func (h *incidentHandler) secretless(n store.Notification, m monitor.Monitor) store.Notification {
	n.MonitorTarget = secret.MaskResult(monitor.Result{MonitorTarget: n.MonitorTarget}, h.secrets.ScrubberFor(m)).MonitorTarget
	return n
}

// readNote reads the note in the body of an acknowledgement. It may have several lines.
func readNote(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := readObject[struct {
		Note string `json:"note"`
	}](w, r)
	if err != nil {
		return "", err
	}
	if n := utf8.RuneCountInString(body.Note); n > maxNote {
		return "", monitor.Invalidf("note has %d characters, at most %d are allowed", n, maxNote)
	}
	oneLine := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(body.Note)
	return strings.TrimSpace(body.Note), monitor.ValidateName("note", oneLine)
}
