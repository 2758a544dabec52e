package channel

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// A server that is down for more than a minute receives each notification exactly once when it is back. The clock is
// fake, but the server is real and outside of the synctest bubble: the fake clock stops while the client waits for it.
func TestEmailServerDownForAMinute(t *testing.T) {
	server := &mailServer{encryption: config.TLSNone}
	t.Run("find a port", func(t *testing.T) { server.start(t, "") })
	up, isUp := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(isUp)
		<-up
		server.start(t, server.address.String())
	}()
	synctest.Test(t, func(t *testing.T) {
		settings := server.settings("ann@example.org, bob@example.org")
		m := alertingtest.MemoryWithDue("alert-1", "alert-2")
		alertingtest.Start(t, newOutbox(m, All(settings, nil)).Run)
		alertingtest.Wait(75 * time.Second)
		for _, id := range []string{"alert-1", "alert-2"} {
			deliveries := m.Deliveries(id)
			if strings.Count(deliveries, "connection refused") != 2 || !strings.HasSuffix(deliveries, "retry scheduled") || m.Get(id).Attempts != 3 {
				t.Errorf("%s: %s", id, deliveries)
			}
		}
		close(up)
		<-isUp
		alertingtest.Wait(time.Minute)
		for _, id := range []string{"alert-1", "alert-2"} {
			if n := m.Get(id); !n.Next.IsZero() || n.Attempts != 4 || slices.ContainsFunc(n.Deliveries, func(d store.Delivery) bool { return d.Status != store.DeliverySent }) {
				t.Errorf("%+v", n)
			}
		}
		alertingtest.Wait(time.Hour)
	})
	var ids []string
	for _, received := range server.mails() {
		id, _, _ := strings.Cut(readMail(t, received).Header.Get("Message-Id"), ".")
		ids = append(ids, id+" "+strings.Join(received.to, ","))
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"<alert-1 ann@example.org", "<alert-1 bob@example.org", "<alert-2 ann@example.org", "<alert-2 bob@example.org"}) {
		t.Errorf("received: %v", ids)
	}
}
