package spool

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

// childOf names the folder in which a process that is started by a test spools.
const childOf = "NANOMON_TEST_SPOOL"

// TestMain makes the test binary a runner that spools without end, if a test has started it for that.
func TestMain(m *testing.M) {
	if root := os.Getenv(childOf); root != "" {
		if err := spoolForever(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// spoolForever tells on the standard output how many batches are in the spool.
func spoolForever(root string) error {
	s, err := Open(root, strconv.Itoa(os.Getpid()))
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if _, err := s.Append(batch(fmt.Sprintf("%d-%d", os.Getpid(), n), 3)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// child is a process that spools.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
	// told is the number of the last batch that the process said was in the spool.
	told int
}

func startChild(t *testing.T, root string) *child {
	t.Helper()
	c := &child{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.Env = append(os.Environ(), childOf+"="+root)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	return c
}

// until reads what the process says until it has spooled n batches more; all of it where n is negative.
func (c *child) until(t *testing.T, n int) {
	t.Helper()
	for target := c.told + n; n < 0 || c.told < target; {
		if !c.lines.Scan() {
			if n < 0 {
				return
			}
			t.Fatal("the process has ended")
		}
		told, err := strconv.Atoi(c.lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		c.told = told
	}
}

// kill ends the process in the middle of its work.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.until(t, -1)
	if err := c.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// Everything that the killed process knew to be in its spool comes out of the heir's, once and in order; the file that was
// being written may be there too, or be damaged.
func TestAKilledProcessLeavesItsSpool(t *testing.T) {
	root := t.TempDir()
	heir := open(t, root, "heir")
	victim, survivor := startChild(t, root), startChild(t, root)
	victim.until(t, 20)
	survivor.until(t, 20)
	if n := adopt(t, heir); n != 0 {
		t.Fatalf("%d results adopted from processes that live", n)
	}
	victim.kill(t)
	began := time.Now()
	n := adopt(t, heir)
	t.Logf("%d results adopted in %s", n, time.Since(began))
	var want []string
	for i := range victim.told + 1 {
		want = append(want, fmt.Sprintf("%d-%d", victim.Process.Pid, i))
	}
	got := drainDamaged(t, heir, 1)
	if len(got) > len(want)+1 || len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("%d batches of %d came out: %v", len(got), len(want), got)
	}

	survivor.until(t, 20)
	survivor.kill(t)
	if adopt(t, heir) < 3*survivor.told {
		t.Errorf("too few of %d batches adopted", survivor.told)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// drainDamaged is drain where the last few files may be damaged.
func drainDamaged(t *testing.T, s *Spool, atMost int) []string {
	t.Helper()
	var ids []string
	for damaged := 0; ; {
		b, err := s.Next(1)
		if err != nil {
			if damaged++; damaged > atMost {
				t.Fatal(err)
			}
			continue
		}
		if b == nil {
			return ids
		}
		if damaged > 0 {
			t.Error("a damaged file is not the last one")
		}
		ids = append(ids, b.Results[0].ID[:len(b.Results[0].ID)-len(".0")])
		s.Done()
	}
}
