// Package quarantine finds the monitors whose checks bring the process down.
//
// A memory-mapped file lists the checks that are running. It survives the end of the process, even by SIGKILL, so the
// next process knows which checks ran when the previous one crashed. After two crashes within ten minutes, the monitors
// whose checks ran both times are suspects: they are checked one at a time. The suspect that was being checked at the
// next crash, or an only suspect, is then checked alone, before anything else. If the process crashes again, the
// monitor is quarantined: it is not checked until it is edited, or until the process has stopped cleanly and starts
// again.
package quarantine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/filelock"
)

const (
	// maxChecks is the maximum number of checks in the file. Further checks are not recorded.
	maxChecks = 1024
	// slotSize is the size of a slot: the way, the id and the time of the last change of the monitor. The first slot
	// contains no check: it begins with the time at which the last check, or the process, began; zero after a clean stop.
	slotSize  = 1 + idSize + 8
	idSize    = 24
	mapLength = (maxChecks + 1) * slotSize
)

// maxClockJump is the maximum time by which the clock may have been set back since the file was written.
const maxClockJump = 24 * time.Hour

// Way is how a check runs. Its values are stored.
type Way byte

// The ways of running a check.
const (
	// noCheck is the content of a slot without a check.
	noCheck Way = iota
	// Together is a check that runs beside any others.
	Together
	// OneAtATime is a check of a suspect: no other suspect is checked at the same time.
	OneAtATime
	// Alone is a check beside which nothing else is checked.
	Alone
)

// Key identifies a version of a monitor: an edit changes it.
type Key struct {
	ID string `json:"id"`
	// Updated is the time of the last change, in milliseconds since the Unix epoch.
	Updated int64 `json:"updated"`
}

// KeyOf returns the key of a stored monitor.
func KeyOf(m monitor.Monitor) Key { return Key{ID: m.ID, Updated: m.Updated.UnixMilli()} }

// Journal lists the running checks of this process and knows the suspects. A nil Journal records nothing and has no
// suspects. It is safe for concurrent use.
type Journal struct {
	path   string
	file   *os.File
	memory mapping
	// record is not changed after Open.
	record record

	mu   sync.Mutex
	free []int
	// closed means that memory is no longer mapped. A check that was abandoned at the stop may end after that.
	closed bool
}

// Open opens the first journal in folder that no other process uses. It returns nil if folder is empty, or if the files
// can't be used: checks are more important than the quarantine, so that is only logged.
func Open(folder string, log *slog.Logger) *Journal {
	if folder == "" {
		return nil
	}
	j, err := openFirst(folder)
	if err != nil {
		log.Error("can't list the running checks; a monitor that brings this process down will not be quarantined",
			"folder", folder, "error", err)
		return nil
	}
	return j
}

func openFirst(folder string) (*Journal, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		path := filepath.Join(folder, fmt.Sprintf("running-checks-%d", n))
		file, err := filelock.TryLock(path)
		if errors.Is(err, filelock.ErrLocked) {
			continue
		}
		if err != nil {
			return nil, err
		}
		j := &Journal{path: path, file: file}
		if err := j.open(); err != nil {
			file.Close()
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		return j, nil
	}
}

func (j *Journal) open() error {
	previous := make([]byte, mapLength)
	n, err := j.file.ReadAt(previous, 0)
	if n < mapLength {
		// Write the whole file: a write to a mapped page for which the disk has no space would end the process.
		clear(previous)
		_, err = j.file.WriteAt(previous, 0)
	}
	if err != nil {
		return err
	}
	if err := j.readRecord(); err != nil {
		return err
	}
	last := time.UnixMilli(int64(binary.LittleEndian.Uint64(previous)))
	if last.UTC().Year() < 2000 || last.After(time.Now().Add(maxClockJump)) {
		j.record = record{} // The previous process stopped cleanly, or the file is damaged.
	} else {
		j.record = j.record.afterCrash(last, runningIn(previous), j.hasCrashOutput())
		if err := j.writeRecord(); err != nil {
			return err
		}
	}
	if err := j.keepCrashOutput(); err != nil {
		return err
	}
	if j.memory, err = mapFile(j.file, mapLength); err != nil {
		return err
	}
	j.memory.write(0, make([]byte, mapLength))
	j.touch()
	for i := maxChecks; i > 0; i-- {
		j.free = append(j.free, i)
	}
	return nil
}

// runningIn returns the checks in the content of a file.
func runningIn(content []byte) []running {
	var list []running
	for i := slotSize; i < len(content); i += slotSize {
		slot := content[i : i+slotSize]
		if way := Way(slot[0]); way != noCheck && way <= Alone {
			key := Key{string(slot[1 : 1+idSize]), int64(binary.LittleEndian.Uint64(slot[1+idSize:]))}
			list = append(list, running{key, way})
		}
	}
	return list
}

// Begin records that a check begins. The caller calls end when it has ended.
func (j *Journal) Begin(key Key, way Way) (end func()) {
	if j == nil || len(key.ID) != idSize {
		return func() {}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.free) == 0 || j.closed {
		return func() {}
	}
	i := j.free[len(j.free)-1]
	j.free = j.free[:len(j.free)-1]
	slot := append([]byte{byte(way)}, key.ID...)
	j.memory.write(i*slotSize, binary.LittleEndian.AppendUint64(slot, uint64(key.Updated)))
	j.touch()
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.closed {
			return
		}
		j.memory.write(i*slotSize, []byte{byte(noCheck)})
		j.free = append(j.free, i)
	}
}

// touch stores the present time as one at which the process was running.
func (j *Journal) touch() {
	j.memory.write(0, binary.LittleEndian.AppendUint64(nil, uint64(time.Now().UnixMilli())))
}

// Suspects returns the monitors that must be checked one at a time, and the one that must be checked alone before them,
// or nil.
func (j *Journal) Suspects() (suspects []Key, alone *Key) {
	if j == nil {
		return nil, nil
	}
	return j.record.Suspects, j.record.Alone
}

// Quarantined returns the monitors that must not be checked.
func (j *Journal) Quarantined() []Key {
	if j == nil {
		return nil
	}
	return j.record.Quarantined
}

// Stopped records a clean stop. It forgets all crashes, suspects and quarantined monitors.
func (j *Journal) Stopped() error {
	if j == nil {
		return nil
	}
	j.memory.write(0, make([]byte, slotSize))
	return removeIfExists(j.recordPath())
}

// Close releases the files. Without a call of [Journal.Stopped], the next process assumes a crash.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	return errors.Join(debug.SetCrashOutput(nil, debug.CrashOptions{}), j.memory.close(), removeIfExists(j.crashPath()),
		j.file.Close())
}

func removeIfExists(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (j *Journal) recordPath() string { return j.path + ".json" }

func (j *Journal) crashPath() string { return j.path + ".crash" }

func (j *Journal) readRecord() error {
	content, err := os.ReadFile(j.recordPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && json.Unmarshal(content, &j.record) != nil {
		j.record = record{} // a damaged file only loses the history of crashes
	}
	return err
}

func (j *Journal) writeRecord() error {
	content, err := json.Marshal(j.record)
	if err != nil {
		return err
	}
	next := j.recordPath() + ".new"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, j.recordPath())
}

// hasCrashOutput reports whether the Go runtime ended the previous process, for example after a panic or because there
// was no memory. A process that was killed leaves no output.
func (j *Journal) hasCrashOutput() bool {
	content, err := os.ReadFile(j.crashPath())
	return err == nil && strings.TrimSpace(string(content)) != ""
}

// keepCrashOutput makes the Go runtime write the reason of a crash to a file too.
func (j *Journal) keepCrashOutput() error {
	file, err := os.OpenFile(j.crashPath(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(debug.SetCrashOutput(file, debug.CrashOptions{}), file.Close())
}
