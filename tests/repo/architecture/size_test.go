package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"nanomon/tests/support/servicetest"
)

// maxProgram is the maximum size of the released program standalone for Linux on amd64, in bytes.
const maxProgram = 26_000_000

// reflects matches a function that finds methods by names that the linker does not know.
var reflects = regexp.MustCompile(`(\S+) <ReflectMethod>`)

// TestProgramIsSmall links standalone like a release, and lists which functions need which others. If a function finds
// methods by name, such as Execute of text/template and html/template, the linker keeps every exported method of the
// program, which needs 3 MB.
func TestProgramIsSmall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "standalone")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -dumpdep", "-o", program, "./services/standalone")
	command.Dir = servicetest.Root()
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	calls, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %.2000s", err, calls)
	}
	if found := reflects.FindSubmatch(calls); found != nil {
		t.Errorf("%s finds methods by name: run go build -ldflags=-dumpdep to see what calls it", found[1])
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%.2f MB", float64(info.Size())/1e6); info.Size() > maxProgram {
		t.Errorf("standalone has %d bytes, more than %d: check what a new library adds", info.Size(), maxProgram)
	}
}
