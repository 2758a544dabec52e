package sqlite

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// rawID returns the 12 bytes of an id as the database stores them. For an invalid id it returns nil, which becomes NULL
// in a query and matches no row, and false.
func rawID(id string) ([]byte, bool) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 12 {
		return nil, false
	}
	return raw, true
}

// storableID returns the bytes of an id that is going to be stored, or a [monitor.InvalidError] that begins with kind.
func storableID(kind, id string) ([]byte, error) {
	raw, ok := rawID(id)
	if !ok {
		return nil, monitor.Invalidf("%s id %q is not 24 hexadecimal digits", kind, id)
	}
	return raw, nil
}

// ceilMilli returns t in milliseconds, rounded up.
func ceilMilli(t time.Time) int64 { return monitor.CeilDate(t).UnixMilli() }

func date(milli int64) time.Time { return time.UnixMilli(milli).UTC() }

// nullable returns text, or nil (stored as NULL) if it is empty.
func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

var errEncoding = fmt.Errorf("%w, a stored value can't be decoded: restore the file from a backup", store.ErrDamaged)

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

// encodeNames returns the key of a shape: each name in order, preceded by its length.
func encodeNames(names []string) []byte {
	raw := make([]byte, 0, 16*len(names))
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

// The kinds of encoded values. An encoded value is one byte for the kind and then: nothing for a bool, a varint for a
// whole number, eight bytes for a float, a length and bytes for a text.
const (
	kindFalse = iota
	kindTrue
	kindWhole
	kindFloat
	kindText
)

// encodeOutputs splits outputs into their shape, which is the sorted names, and their values in the same order.
func encodeOutputs(outputs map[string]any) (shape, values []byte, err error) {
	names := make([]string, 0, len(outputs))
	for name := range outputs {
		names = append(names, name)
	}
	slices.Sort(names)
	values = make([]byte, 0, 16*len(names))
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

// ignoreReasons lists the reasons that encodeStatus supports. Their order is part of the stored format.
var ignoreReasons = [...]monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}

// statusSlots is the number of codes that encodeStatus reserves for the statuses of each reason.
const statusSlots = 4

// encodeStatus returns the code of a status and the reason why its result is ignored, for a column named status. If the
// result counts, the code equals the status, as in files of versions that had no ignored results.
func encodeStatus(status monitor.Status, ignored monitor.IgnoreReason) (int64, error) {
	index := slices.Index(ignoreReasons[:], ignored)
	if index < 0 || status < 0 || status >= statusSlots {
		return 0, monitor.Invalidf("the status %d, ignored because of %q, can't be stored", status, ignored)
	}
	return int64(index)*statusSlots + int64(status), nil
}

func decodeStatus(code int64) (monitor.Status, monitor.IgnoreReason, error) {
	if code < 0 || code >= int64(len(ignoreReasons))*statusSlots {
		return 0, "", errEncoding
	}
	return monitor.Status(code % statusSlots), ignoreReasons[code/statusSlots], nil
}

const (
	// warned is added to the code of a point in a history that has a warning.
	warned = 1 << 5
	// numbered is added to the code of a point in a history whose sequence number differs from its date.
	numbered = 1 << 6
)

// encodeHistory encodes each point as three parts: the milliseconds since the previous point (since 1970 for the
// first), the code from encodeStatus, and the value. If it has a warning, the code is increased by warned. If its
// sequence number differs from its date in milliseconds, the code is increased by numbered, and the difference follows
// the code.
func encodeHistory(points []store.Point) ([]byte, error) {
	raw, last := make([]byte, 0, 16*len(points)), int64(0)
	for _, p := range points {
		code, err := encodeStatus(p.Status, p.Ignored)
		if err != nil {
			return nil, err
		}
		if p.Warning {
			code += warned
		}
		milli := p.Date.UnixMilli()
		raw = binary.AppendVarint(raw, milli-last)
		if ahead := p.Number() - milli; ahead == 0 {
			raw = binary.AppendVarint(raw, code)
		} else {
			raw = binary.AppendVarint(binary.AppendVarint(raw, code+numbered), ahead)
		}
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(p.Value))
		last = milli
	}
	return raw, nil
}

func decodeHistory(raw []byte) ([]store.Point, error) {
	points, last := []store.Point{}, int64(0)
	for len(raw) > 0 {
		step, rest, stepOK := cutVarint(raw)
		code, rest, codeOK := cutVarint(rest)
		ahead, aheadOK := int64(0), true
		if code >= numbered {
			code -= numbered
			ahead, rest, aheadOK = cutVarint(rest)
		}
		if !stepOK || !codeOK || !aheadOK || len(rest) < 8 {
			return nil, errEncoding
		}
		hasWarning := code >= warned
		if hasWarning {
			code -= warned
		}
		status, ignored, err := decodeStatus(code)
		if err != nil {
			return nil, err
		}
		last += step
		p := store.Point{Date: date(last), Status: status, Ignored: ignored, Warning: hasWarning}
		if p.Value = math.Float64frombits(binary.LittleEndian.Uint64(rest)); ahead != 0 {
			p.Sequence = last + ahead
		}
		points, raw = append(points, p), rest[8:]
	}
	return points, nil
}

func cutVarint(from []byte) (value int64, rest []byte, ok bool) {
	value, size := binary.Varint(from)
	if size <= 0 {
		return 0, nil, false
	}
	return value, from[size:], true
}
