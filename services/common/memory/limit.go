package memory

import (
	"fmt"
)

// Size is a number of bytes.
type Size int64

// String returns the size in MiB, for messages.
func (s Size) String() string {
	if s < 1<<20 {
		return fmt.Sprintf("%d KiB", s>>10)
	}
	return fmt.Sprintf("%d MiB", s>>20)
}
