package sqlite

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// rawID is an id as the database holds it; nil, which equals nothing, and false when id has not the form of one.
func rawID(id string) ([]byte, bool) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 12 {
		return nil, false
	}
	return raw, true
}

// storableID is rawID for an id that comes to be stored.
func storableID(what, id string) ([]byte, error) {
	raw, ok := rawID(id)
	if !ok {
		return nil, monitor.Invalidf("%s id %q is not 24 hexadecimal digits", what, id)
	}
	return raw, nil
}

// ceilMilli is the first whole millisecond that is not before t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

func date(milli int64) time.Time { return time.UnixMilli(milli).UTC() }

// nullable is text for a column that holds NULL when it is empty.
func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

var errEncoding = errors.New("the file is damaged: a value can't be decoded")

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func cutText(from []byte) (text string, rest []byte, ok bool) {
	n, size := binary.Uvarint(from)
	if size <= 0 || n > uint64(len(from)-size) {
		return "", nil, false
	}
	from = from[size:]
	return string(from[:n]), from[n:], true
}

// encodeNames is the key of a shape: each name, in order, after its length.
func encodeNames(names []string) []byte {
	raw := []byte{}
	for _, name := range names {
		raw = appendText(raw, name)
	}
	return raw
}

func decodeNames(raw []byte) ([]string, error) {
	var names []string
	for len(raw) > 0 {
		name, rest, ok := cutText(raw)
		if !ok {
			return nil, errEncoding
		}
		names, raw = append(names, name), rest
	}
	return names, nil
}

// The kinds of values in an encoded list. Each value follows its kind: nothing, a varint, eight
// bytes, or a text after its length.
const (
	kindFalse = iota
	kindTrue
	kindWhole
	kindFloat
	kindText
)

// encodeOutputs splits outputs into their shape and their values.
func encodeOutputs(outputs map[string]any) (shape, values []byte, err error) {
	names := make([]string, 0, len(outputs))
	for name := range outputs {
		names = append(names, name)
	}
	slices.Sort(names)
	values = []byte{}
	for _, name := range names {
		if values, err = appendValue(values, outputs[name]); err != nil {
			return nil, nil, fmt.Errorf("output %q: %w", name, err)
		}
	}
	return encodeNames(names), values, nil
}

func appendValue(to []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case bool:
		if v {
			return append(to, kindTrue), nil
		}
		return append(to, kindFalse), nil
	case string:
		return appendText(append(to, kindText), v), nil
	case float64:
		if whole := int64(v); math.Abs(v) < 1<<53 && float64(whole) == v && (v != 0 || !math.Signbit(v)) {
			return binary.AppendVarint(append(to, kindWhole), whole), nil
		}
		return binary.LittleEndian.AppendUint64(append(to, kindFloat), math.Float64bits(v)), nil
	default:
		return nil, monitor.Invalidf("a value of type %T can't be stored", value)
	}
}

func decodeOutputs(names []string, values []byte) (map[string]any, error) {
	outputs := make(map[string]any, len(names))
	for _, name := range names {
		value, rest, ok := cutValue(values)
		if !ok {
			return nil, errEncoding
		}
		outputs[name], values = value, rest
	}
	return outputs, nil
}

func cutValue(from []byte) (value any, rest []byte, ok bool) {
	if len(from) == 0 {
		return nil, nil, false
	}
	kind, from := from[0], from[1:]
	switch kind {
	case kindFalse, kindTrue:
		return kind == kindTrue, from, true
	case kindWhole:
		whole, size := binary.Varint(from)
		if size <= 0 {
			return nil, nil, false
		}
		return float64(whole), from[size:], true
	case kindFloat:
		if len(from) < 8 {
			return nil, nil, false
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(from)), from[8:], true
	case kindText:
		return cutText(from)
	}
	return nil, nil, false
}

// exclusions are those that a verdict can hold. Their order is part of the format.
var exclusions = [...]monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}

// statusRange is how many statuses a verdict has room for.
const statusRange = 4

// verdict is a status and an exclusion in one number: of a result that counts it is the status, so that only the others need
// more room.
func verdict(status monitor.Status, excluded monitor.IgnoreReason) (int64, error) {
	reason := slices.Index(exclusions[:], excluded)
	if reason < 0 || status < 0 || status >= statusRange {
		return 0, monitor.Invalidf("the status %d, excluded by %q, can't be stored", status, excluded)
	}
	return int64(reason)*statusRange + int64(status), nil
}

func splitVerdict(number int64) (monitor.Status, monitor.IgnoreReason, error) {
	if number < 0 || number >= int64(len(exclusions))*statusRange {
		return 0, "", errEncoding
	}
	return monitor.Status(number % statusRange), exclusions[number/statusRange], nil
}

// encodeHistory is a list of points: of each its distance in milliseconds from the one before, its verdict
// and its value.
func encodeHistory(points []store.Point) ([]byte, error) {
	raw, last := []byte{}, int64(0)
	for _, p := range points {
		number, err := verdict(p.Status, p.Ignored)
		if err != nil {
			return nil, err
		}
		milli := p.Date.UnixMilli()
		raw = binary.AppendVarint(raw, milli-last)
		raw = binary.AppendVarint(raw, number)
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(p.Value))
		last = milli
	}
	return raw, nil
}

func decodeHistory(raw []byte) ([]store.Point, error) {
	points, last := []store.Point{}, int64(0)
	for len(raw) > 0 {
		step, size := binary.Varint(raw)
		number, numberSize := binary.Varint(raw[max(size, 0):])
		if size <= 0 || numberSize <= 0 || len(raw) < size+numberSize+8 {
			return nil, errEncoding
		}
		status, excluded, err := splitVerdict(number)
		if err != nil {
			return nil, err
		}
		raw, last = raw[size+numberSize:], last+step
		value := math.Float64frombits(binary.LittleEndian.Uint64(raw))
		points = append(points, store.Point{Date: date(last), Status: status, Value: value, Ignored: excluded})
		raw = raw[8:]
	}
	return points, nil
}
