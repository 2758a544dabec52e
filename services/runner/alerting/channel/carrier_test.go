package channel

import (
	"testing"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

func TestCarrier(t *testing.T) {
	set := func(w *config.Webhooks, u config.URLs) { w.CarrierURL = u }
	got := postedTo(t, "carrier", alertingtest.Notification(store.KindOpened), set)
	expectValues(t, got.body, map[string]any{"title": "Payments API failed", "text": "connection refused"})
}
