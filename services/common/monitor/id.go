package monitor

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewID returns an identifier of 24 hexadecimal digits: the Unix seconds of now, then 64 random bits.
// Identifiers from different seconds sort in the order of their creation.
func NewID(now time.Time) string {
	var raw [12]byte
	binary.BigEndian.PutUint32(raw[:4], uint32(now.Unix()))
	rand.Read(raw[4:])
	return hex.EncodeToString(raw[:])
}

// ValidID reports whether id has 24 hexadecimal digits, in lower or upper case.
func ValidID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == 12
}
