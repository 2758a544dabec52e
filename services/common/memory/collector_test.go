package memory

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestMain(m *testing.M) {
	if size := os.Getenv("NANOMON_TEST_HEAP_MIB"); size != "" {
		printSettings(size)
		return
	}
	os.Exit(m.Run())
}

// settings are the settings of the garbage collector of a process, and its GOMAXPROCS.
type settings struct{ Percent, Limit, Procs uint64 }

// printSettings sets up the collector, fills the heap and prints the settings after a collection.
func printSettings(mebibytes string) {
	SetUp()
	var size int
	fmt.Sscan(mebibytes, &size)
	heap := make([]byte, size<<20)
	samples := []metrics.Sample{
		{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/sched/gomaxprocs:threads"},
	}
	// A cleanup is run soon after its collection, the first one perhaps after the second collection.
	for metrics.Read(samples); samples[2].Value.Uint64() < 10; metrics.Read(samples) {
		runtime.GC()
	}
	runtime.KeepAlive(heap)
	_ = json.NewEncoder(os.Stdout).Encode(settings{
		samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[3].Value.Uint64(),
	})
}

func TestSetUp(t *testing.T) {
	limit := uint64(math.MaxInt64)
	if container, err := memlimit.FromCgroup(); err == nil {
		limit = uint64(float64(container) * 0.9)
	}
	for _, c := range []struct {
		heap        string
		environment []string
		percent     uint64
		limit       uint64
	}{
		{"0", nil, defaultPercent, limit},
		{"12", nil, maxPercent, limit},
		{"24", nil, 198, limit},
		{"200", nil, minPercent, limit},
		{"12", []string{"GOGC=100"}, 100, limit},
		{"200", []string{"GOGC=400"}, 400, limit},
		{"12", []string{"GOMEMLIMIT=115MiB"}, maxPercent, 115 << 20},
		{"12", []string{"GOMEMLIMIT=off", "GOGC=off"}, math.MaxUint64, math.MaxInt64},
	} {
		if got := settingsOf(t, c.heap, c.environment); got.Percent/2 != c.percent/2 && got.Percent != c.percent ||
			got.Limit != c.limit {
			t.Errorf("heap of %s MiB, %v: got %+v, want %d %% and %d bytes", c.heap, c.environment, got, c.percent, c.limit)
		}
	}
}

// settingsOf returns the settings of a process with a live heap of this size.
func settingsOf(t *testing.T, mebibytes string, environment []string) settings {
	t.Helper()
	isSetting := func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == "GOGC" || name == "GOMEMLIMIT" || name == "GOMAXPROCS"
	}
	command := exec.Command(os.Args[0])
	command.Env = append(slices.DeleteFunc(os.Environ(), isSetting), "NANOMON_TEST_HEAP_MIB="+mebibytes)
	command.Env = append(command.Env, environment...)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got settings
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 100, 4 << 20: 100, 8 << 20: 100, 12 << 20: 300, 16 << 20: 300, 24 << 20: 200,
		48 << 20: 100, 64 << 20: 75, 96 << 20: 50, 1 << 40: 50,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("live heap of %d MiB: got %d %%, want %d %%", live>>20, got, want)
		}
	}
}
