// Package masking removes secrets from notifications.
package masking

import (
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// Notification returns n without the secrets of its monitor m and of its target. m may be the zero value if the monitor
// was deleted. secrets describes the properties of m.
func Notification(n store.Notification, m monitor.Monitor, secrets secret.Properties) store.Notification {
	r := monitor.Result{MonitorTarget: n.MonitorTarget, Message: n.Message, Value: n.Value}
	for _, search := range secrets.Searches[m.Type] {
		if m.Properties[search.Property] != "" { // The value may be text of the target.
			r.Outputs = map[string]any{search.Output: n.Value}
		}
	}
	r = secret.MaskResult(r, secrets.ScrubberFor(m))
	secrets.ScrubberForTarget(m.Type, n.MonitorTarget).ScrubResult(&r) // m may have another target now.
	n.MonitorTarget, n.Message, n.Value = r.MonitorTarget, r.Message, r.Value
	return n
}
