package servicetest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package, up to 8 parallel ones at a time whatever the number of CPUs: they mostly wait.
func Main(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
