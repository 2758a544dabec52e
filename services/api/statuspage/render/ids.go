package render

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// publicID returns an id for the feed and the data that says nothing about the given one.
func publicID(id string) string {
	sum := sha256.Sum256([]byte("nanomon status page " + id))
	return hex.EncodeToString(sum[:8])
}

// anchor returns the id of the element that shows an event.
func anchor(id string) string { return "event-" + publicID(id) }

// urn returns a UUID of version 8 as a URN, computed from texts.
func urn(texts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "nanomon feed %q", texts))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
