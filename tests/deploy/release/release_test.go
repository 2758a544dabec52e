// Package release builds a complete release and checks its content.
package release

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

const version = "7.8.9-test"

// sbom contains the fields of a CycloneDX document that the tests check.
type sbom struct {
	BOMFormat string
	Metadata  struct {
		Component struct{ Name, Version string }
	}
	Components []struct{ Name, Version, PURL string }
}

func TestRelease(t *testing.T) {
	folder := filepath.Join(servicetest.Root(), "bin", "release")
	command := exec.Command(filepath.Join(servicetest.Root(), "scripts", "just"), "release-binaries")
	command.Env = append(os.Environ(), "VERSION=v"+version, "BUILD_INFO=made by a test")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	sums := readSums(t, folder)
	var want []string
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, processor := range []string{"amd64", "arm64"} {
			name := "nanomon_" + version + "_" + system + "_" + processor
			want = append(want, name+".tar.gz", name+".cdx.json")
			t.Run(name, func(t *testing.T) { checkArchive(t, folder, name, system, processor) })
		}
	}
	if got := slices.Sorted(maps.Keys(sums)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("SHA256SUMS has %v", got)
	}
	for name, sum := range sums {
		if got := sha256.Sum256(readFile(t, folder, name)); hex.EncodeToString(got[:]) != sum {
			t.Errorf("the checksum of %s is wrong", name)
		}
	}
	t.Run("installed", func(t *testing.T) { checkInstalled(t, folder) })
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// readSums returns the checksums by file name.
func readSums(t *testing.T, folder string) map[string]string {
	t.Helper()
	sums := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(readFile(t, folder, "SHA256SUMS")))
	for lines.Scan() {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		sums[name] = sum
	}
	return sums
}

// unpack returns the files of an archive by name. All of them must be in one folder with the name of the archive.
func unpack(t *testing.T, folder, name string) map[string][]byte {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(readFile(t, folder, name+".tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	archive := tar.NewReader(unzipped)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		inside, ok := strings.CutPrefix(header.Name, name+"/")
		if !ok || header.Uid != 0 || header.Mode&0o022 != 0 {
			t.Errorf("%s: user %d, mode %o", header.Name, header.Uid, header.Mode)
		}
		if header.Typeflag == tar.TypeReg {
			if files[inside], err = io.ReadAll(archive); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func checkArchive(t *testing.T, folder, name, system, processor string) {
	files := unpack(t, folder, name)
	want, suffix := []string{".env.sample", "LICENSE", "README.md"}, ""
	switch system {
	case "linux":
		want = append(want, "install.sh")
	case "windows":
		suffix = ".exe"
	}
	var document sbom
	if err := json.Unmarshal(readFile(t, folder, name+".cdx.json"), &document); err != nil {
		t.Fatal(err)
	}
	if component := document.Metadata.Component; document.BOMFormat != "CycloneDX" || component.Name != "nanomon" || component.Version != version {
		t.Errorf("the SBOM has format %s and component %v", document.BOMFormat, component)
	}
	components := make(map[string]bool)
	for _, component := range document.Components {
		components[component.PURL] = true
	}
	for _, program := range []string{"api", "runner", "frontend", "standalone"} {
		want = append(want, program+suffix)
		checkProgram(t, files[program+suffix], system, processor, components)
	}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the archive has %v", got)
	}
	for _, embedded := range []string{"pkg:npm/%40alpinejs/csp@", "pkg:npm/%40azure/msal-common@", "pkg:golang/stdlib@" + strings.TrimPrefix(runtime.Version(), "go")} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(components)), func(purl string) bool { return strings.HasPrefix(purl, embedded) }) {
			t.Errorf("the SBOM doesn't contain %s", embedded)
		}
	}
	if slices.ContainsFunc(slices.Collect(maps.Keys(components)), func(purl string) bool { return strings.Contains(purl, "playwright") }) {
		t.Error("the SBOM contains development dependencies")
	}
}

// checkProgram checks that a program is built for the platform and the version, and that components contains all its
// modules.
func checkProgram(t *testing.T, program []byte, system, processor string, components map[string]bool) {
	t.Helper()
	built, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	settings := make(map[string]string)
	for _, setting := range built.Settings {
		settings[setting.Key] = setting.Value
	}
	if settings["GOOS"] != system || settings["GOARCH"] != processor || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("%s is built with %v", built.Path, settings)
	}
	if !bytes.Contains(program, []byte(version)) || !bytes.Contains(program, []byte("made by a test")) {
		t.Errorf("%s doesn't contain its version", built.Path)
	}
	for _, module := range built.Deps {
		if purl := "pkg:golang/" + strings.ToLower(module.Path) + "@" + strings.ReplaceAll(module.Version, "+", "%2B"); !components[purl] {
			t.Errorf("the SBOM doesn't contain %s", purl)
		}
	}
}

// checkInstalled checks that scripts/install.sh installs the release.
func checkInstalled(t *testing.T, folder string) {
	root := servicetest.SystemRoot(t)
	command := exec.Command(filepath.Join(servicetest.Root(), "scripts", "install.sh"), "--from", folder, "--root", root)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	program := unpack(t, folder, "nanomon_"+version+"_linux_"+runtime.GOARCH)["standalone"]
	if !bytes.Equal(readFile(t, root, "usr/local/bin/nanomon"), program) {
		t.Error("the installed program differs from the released one")
	}
}
