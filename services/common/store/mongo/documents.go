package mongo

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// monitorDoc is a document of the collection monitors.
type monitorDoc struct {
	ID         bson.ObjectID     `bson:"_id"`
	Name       string            `bson:"name"`
	Type       string            `bson:"type"`
	Interval   string            `bson:"interval"`
	Target     string            `bson:"target"`
	Rule       string            `bson:"rule,omitempty"`
	Enabled    *bool             `bson:"enabled"`
	Properties map[string]string `bson:"properties"`
	Group      string            `bson:"group,omitempty"`
	Labels     []labelDoc        `bson:"labels,omitempty"`
	Updated    time.Time         `bson:"updated"`
	// Plan is the latest bulk plan that has edited the monitor, so that executing the plan again leaves later edits.
	Plan bson.ObjectID `bson:"plan,omitempty"`
}

// labelDoc is a label of a monitor. Keys are values of a field, because some servers reject field names with dots.
type labelDoc struct {
	Key   string `bson:"key"`
	Value string `bson:"value"`
}

// resultDoc is a document of the collection results.
type resultDoc struct {
	ID            bson.ObjectID  `bson:"_id"`
	Date          time.Time      `bson:"date"`
	Status        int            `bson:"status"`
	Value         float64        `bson:"value"`
	Message       string         `bson:"message"`
	MonitorID     bson.ObjectID  `bson:"monitor_id"`
	MonitorName   string         `bson:"monitor_name"`
	MonitorTarget string         `bson:"monitor_target"`
	Outputs       map[string]any `bson:"outputs"`
	Ignored       string         `bson:"excluded,omitempty"`
}

// stateDoc is a document of the collection states. Its _id is the id of the monitor. A Sequence is omitted if the
// number equals the date, as in all documents of earlier versions.
type stateDoc struct {
	ID       bson.ObjectID `bson:"_id"`
	Sequence int64         `bson:"seq,omitempty"`
	Latest   resultDoc     `bson:"latest"`
	Streak   int           `bson:"streak"`
	Since    time.Time     `bson:"since"`
	History  []pointDoc    `bson:"history"`
}

type pointDoc struct {
	Sequence int64     `bson:"seq,omitempty"`
	Date     time.Time `bson:"date"`
	Status   int       `bson:"status"`
	Value    float64   `bson:"value"`
	Ignored  string    `bson:"excluded,omitempty"`
	Warning  bool      `bson:"warning,omitempty"`
}

func (d monitorDoc) key() any { return d.ID }

func (d resultDoc) key() any { return d.ID }

func (d stateDoc) key() any { return d.ID }

// toID parses an id. The error is a [monitor.InvalidError] that begins with field.
func toID(field, id string) (bson.ObjectID, error) {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return bson.NilObjectID, monitor.Invalidf("%s %q is not an id of 24 hexadecimal digits", field, id)
	}
	return oid, nil
}

// validIDs parses ids and omits invalid ones.
func validIDs(ids []string) []bson.ObjectID {
	valid := make([]bson.ObjectID, 0, len(ids))
	for _, id := range ids {
		if oid, err := bson.ObjectIDFromHex(id); err == nil {
			valid = append(valid, oid)
		}
	}
	return valid
}

func toMonitorDoc(m monitor.Monitor) (monitorDoc, error) {
	id, err := toID("monitor id", m.ID)
	if err != nil {
		return monitorDoc{}, err
	}
	m.Normalize()
	return monitorDoc{
		ID: id, Name: m.Name, Type: m.Type, Interval: m.Interval, Target: m.Target, Rule: m.Rule,
		Enabled: &m.Enabled, Properties: m.Properties, Group: m.Group, Labels: toLabelDocs(m.Labels),
		Updated: m.Updated,
	}, nil
}

// enabled reports whether the monitor is enabled, which is the default if the field is missing.
func (d monitorDoc) enabled() bool { return d.Enabled == nil || *d.Enabled }

func (d monitorDoc) monitor() monitor.Monitor {
	m := monitor.Monitor{
		ID: d.ID.Hex(), Name: d.Name, Type: d.Type, Interval: d.Interval, Target: d.Target, Rule: d.Rule,
		Enabled: d.enabled(), Properties: d.Properties, Group: d.Group, Updated: d.Updated.UTC(),
	}
	if len(d.Labels) > 0 {
		m.Labels = make(map[string]string, len(d.Labels))
	}
	for _, label := range d.Labels {
		m.Labels[label.Key] = label.Value
	}
	m.Normalize()
	return m
}

// toLabelDocs returns labels in the order of their keys, so that the same labels always give the same document.
func toLabelDocs(labels map[string]string) []labelDoc {
	var docs []labelDoc
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		docs = append(docs, labelDoc{Key: key, Value: labels[key]})
	}
	return docs
}

func toResultDoc(r monitor.Result) (resultDoc, error) {
	id, err := toID("result id", r.ID)
	if err != nil {
		return resultDoc{}, err
	}
	monitorID, err := toID("monitor_id of a result", r.MonitorID)
	if err != nil {
		return resultDoc{}, err
	}
	outputs := r.Outputs
	if outputs == nil {
		outputs = map[string]any{}
	}
	return resultDoc{
		ID: id, Date: r.Date, Status: int(r.Status), Value: r.Value, Message: r.Message, MonitorID: monitorID,
		MonitorName: r.MonitorName, MonitorTarget: r.MonitorTarget, Outputs: outputs, Ignored: string(r.Ignored),
	}, nil
}

func (d resultDoc) result() monitor.Result {
	outputs := make(map[string]any, len(d.Outputs))
	for name, value := range d.Outputs {
		if value = plainOutput(value); value != nil {
			outputs[name] = value
		}
	}
	return monitor.Result{
		ID: d.ID.Hex(), Date: d.Date.UTC(), Status: monitor.Status(d.Status), Value: d.Value, Message: d.Message,
		MonitorID: d.MonitorID.Hex(), MonitorName: d.MonitorName, MonitorTarget: d.MonitorTarget, Outputs: outputs,
		Ignored: monitor.IgnoreReason(d.Ignored),
	}
}

// plainOutput converts the value of an output to a type that [monitor.Result] allows.
func plainOutput(value any) any {
	switch v := value.(type) {
	case nil, float64, string, bool:
		return v
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	case bson.DateTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	case bson.D:
		return cmp.Or(addressIn(v), v.String())
	default:
		return fmt.Sprint(v)
	}
}

// addressIn returns the IP address in a document in which the original NanoMon has stored it, or an empty text.
func addressIn(doc bson.D) string {
	var stored struct {
		IP   []byte
		Zone string
	}
	raw, err := bson.Marshal(doc)
	if err != nil || bson.Unmarshal(raw, &stored) != nil {
		return ""
	}
	address, valid := netip.AddrFromSlice(stored.IP)
	if !valid {
		return ""
	}
	return address.Unmap().WithZone(stored.Zone).String()
}

func toStateDoc(s store.State) (stateDoc, error) {
	id, err := toID("monitor id of a state", s.MonitorID)
	if err != nil {
		return stateDoc{}, err
	}
	latest, err := toResultDoc(s.Latest)
	if err != nil {
		return stateDoc{}, err
	}
	history := make([]pointDoc, len(s.History))
	for i, p := range s.History {
		history[i] = pointDoc{
			Sequence: p.Sequence, Date: p.Date, Status: int(p.Status), Value: p.Value, Ignored: string(p.Ignored), Warning: p.Warning,
		}
	}
	return stateDoc{ID: id, Sequence: s.Sequence, Latest: latest, Streak: s.Streak, Since: s.Since, History: history}, nil
}

func (d stateDoc) number() int64 { return cmp.Or(d.Sequence, d.Latest.Date.UnixMilli()) }

func (d stateDoc) state() store.State {
	history := make([]store.Point, len(d.History))
	for i, p := range d.History {
		history[i] = store.Point{
			Sequence: p.Sequence, Date: p.Date.UTC(), Status: monitor.Status(p.Status), Value: p.Value,
			Ignored: monitor.IgnoreReason(p.Ignored), Warning: p.Warning,
		}
	}
	return store.State{
		MonitorID: d.ID.Hex(), Sequence: d.Sequence, Latest: d.Latest.result(), Streak: d.Streak, Since: d.Since.UTC(),
		History: history,
	}
}
