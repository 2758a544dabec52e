package monitor

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewID makes an identifier of 24 hexadecimal digits: the seconds of now, then 64 random bits.
// Identifiers made in different seconds sort in the order they were made.
func NewID(now time.Time) string {
	var raw [12]byte
	binary.BigEndian.PutUint32(raw[:4], uint32(now.Unix()))
	rand.Read(raw[4:])
	return hex.EncodeToString(raw[:])
}

// ValidID reports whether id has the form that [NewID] gives. Upper-case digits are valid too.
func ValidID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == 12
}
