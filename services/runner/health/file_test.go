package health

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCheckFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "health")
	check(t, touch(file))
	check(t, CheckFile(file))
	for age, want := range map[time.Duration]string{
		fileMaxAge - 10*time.Second: "",
		fileMaxAge + time.Second:    "HEALTH_FILE: no runner has updated " + file + " since ",
		-time.Hour:                  "HEALTH_FILE: no runner has updated " + file + " since ",
	} {
		at := time.Now().Add(-age)
		check(t, os.Chtimes(file, at, at))
		err := CheckFile(file)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("age %s: %v", age, err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
