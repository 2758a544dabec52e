package spool

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"errors"
	"hash/crc32"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// The content of a spool file is a CRC-32 checksum of 4 bytes and a fileBatch encoded as gob. Gob stores the field
// names, so these types keep the stored names when the types in store and monitor change: a renamed field would be read
// as empty.
type (
	fileBatch struct {
		Results     []fileResult
		States      []fileState
		Transitions []fileStatusChange
		// PushStates is a JSON list, with the keys that stores use. Files of earlier versions have none.
		PushStates []byte
		DonePings  []string
	}

	fileResult struct {
		ID            string
		Date          time.Time
		Status        monitor.Status
		Value         float64
		Message       string
		MonitorID     string
		MonitorName   string
		MonitorTarget string
		Outputs       map[string]any
		Excluded      monitor.IgnoreReason
	}

	fileState struct {
		MonitorID string
		Sequence  int64
		Latest    fileResult
		Streak    int
		Since     time.Time
		History   []filePoint
	}

	filePoint struct {
		Sequence int64
		Date     time.Time
		Status   monitor.Status
		Value    float64
		Excluded monitor.IgnoreReason
		Warning  bool
	}

	fileStatusChange struct {
		MonitorID string
		Date      time.Time
		Track     store.ChangeKind
		From      string
		To        string
		Sequence  int64
	}
)

var errDamaged = errors.New("damaged")

// encode returns the content of a spool file for b.
func encode(b store.Batch) ([]byte, error) {
	stored := fileBatch{
		Results: convert(b.Results, toFileResult),
		States:  convert(b.States, toFileState),
		Transitions: convert(b.StatusChanges, func(c store.StatusChange) fileStatusChange {
			return fileStatusChange{
				MonitorID: c.MonitorID, Date: c.Date, Track: c.Kind, From: c.From, To: c.To, Sequence: c.Sequence,
			}
		}),
		DonePings: b.DonePings,
	}
	var payload bytes.Buffer
	var err error
	if len(b.PushStates) > 0 {
		stored.PushStates, err = json.Marshal(b.PushStates)
	}
	if err != nil {
		return nil, err
	}
	if err := gob.NewEncoder(&payload).Encode(stored); err != nil {
		return nil, err
	}
	checksum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(payload.Bytes()))
	return append(checksum, payload.Bytes()...), nil
}

// decode returns the batch in the content of a spool file. Its only error is errDamaged.
func decode(content []byte) (store.Batch, error) {
	if len(content) < 4 || binary.BigEndian.Uint32(content) != crc32.ChecksumIEEE(content[4:]) {
		return store.Batch{}, errDamaged
	}
	var stored fileBatch
	if err := gob.NewDecoder(bytes.NewReader(content[4:])).Decode(&stored); err != nil {
		return store.Batch{}, errDamaged
	}
	var pushStates []store.PushState
	if len(stored.PushStates) > 0 && json.Unmarshal(stored.PushStates, &pushStates) != nil {
		return store.Batch{}, errDamaged
	}
	return store.Batch{
		Results: convert(stored.Results, fromFileResult),
		States:  convert(stored.States, fromFileState),
		StatusChanges: convert(stored.Transitions, func(c fileStatusChange) store.StatusChange {
			return store.StatusChange{
				MonitorID: c.MonitorID, Date: c.Date, Kind: c.Track, From: c.From, To: c.To, Sequence: c.Sequence,
			}
		}),
		PushStates: pushStates, DonePings: stored.DonePings,
	}, nil
}

func toFileResult(r monitor.Result) fileResult {
	return fileResult{
		ID: r.ID, Date: r.Date, Status: r.Status, Value: r.Value, Message: r.Message, MonitorID: r.MonitorID,
		MonitorName: r.MonitorName, MonitorTarget: r.MonitorTarget, Outputs: r.Outputs, Excluded: r.Ignored,
	}
}

func fromFileResult(r fileResult) monitor.Result {
	return monitor.Result{
		ID: r.ID, Date: r.Date, Status: r.Status, Value: r.Value, Message: r.Message, MonitorID: r.MonitorID,
		MonitorName: r.MonitorName, MonitorTarget: r.MonitorTarget, Outputs: r.Outputs, Ignored: r.Excluded,
	}
}

func toFileState(s store.State) fileState {
	return fileState{
		MonitorID: s.MonitorID, Sequence: s.Sequence, Latest: toFileResult(s.Latest), Streak: s.Streak, Since: s.Since,
		History: convert(s.History, func(p store.Point) filePoint {
			return filePoint{
				Sequence: p.Sequence, Date: p.Date, Status: p.Status, Value: p.Value, Excluded: p.Ignored, Warning: p.Warning,
			}
		}),
	}
}

func fromFileState(s fileState) store.State {
	return store.State{
		MonitorID: s.MonitorID, Sequence: s.Sequence, Latest: fromFileResult(s.Latest), Streak: s.Streak, Since: s.Since,
		History: convert(s.History, func(p filePoint) store.Point {
			return store.Point{
				Sequence: p.Sequence, Date: p.Date, Status: p.Status, Value: p.Value, Ignored: p.Excluded, Warning: p.Warning,
			}
		}),
	}
}

// convert returns the converted elements of list. An empty list becomes nil, like in gob.
func convert[From, To any](list []From, f func(From) To) []To {
	if len(list) == 0 {
		return nil
	}
	converted := make([]To, len(list))
	for i, v := range list {
		converted[i] = f(v)
	}
	return converted
}
