package alerting

import (
	"context"
	"errors"
	"fmt"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// maskNotification returns n without the secrets of its monitor m and of its target. m may be the zero value if the
// monitor was deleted.
func maskNotification(n store.Notification, m monitor.Monitor) store.Notification {
	r := monitor.Result{MonitorTarget: n.MonitorTarget, Message: n.Message, Value: n.Value}
	if m.Properties["bodyRegex"] != "" { // The value may be text of the target.
		r.Outputs = map[string]any{"regexMatch": n.Value}
	}
	r = secret.MaskResult(r, secret.ScrubberFor(m))
	secret.ScrubberFor(monitor.Monitor{Target: n.MonitorTarget}).ScrubResult(&r) // m may have another target now.
	n.MonitorTarget, n.Message, n.Value = r.MonitorTarget, r.Message, r.Value
	return n
}

// masked returns n without secrets. Notifications are stored without secrets, but not by earlier versions.
func (o *outbox) masked(ctx context.Context, n store.Notification) (store.Notification, error) {
	if n.MonitorID == "" {
		return n, nil
	}
	m, err := call(ctx, shortTimeout, func(ctx context.Context) (monitor.Monitor, error) {
		return o.store.Monitor(ctx, n.MonitorID)
	})
	if err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return n, fmt.Errorf("read the monitor: %w", err)
	}
	return maskNotification(n, m), nil
}
