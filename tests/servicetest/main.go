package servicetest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Main runs tests that wait most of the time: those that are parallel do that all at once.
func Main(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
