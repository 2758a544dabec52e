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

// childRootEnv passes the root folder to a child process of a test.
const childRootEnv = "NANOMON_TEST_SPOOL"

// TestMain runs the tests. In a child process it writes to a spool until it is killed.
func TestMain(m *testing.M) {
	if root := os.Getenv(childRootEnv); root != "" {
		if err := spoolForever(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// spoolForever appends batches and prints the number of each one when it is in the spool.
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

// child is a process that writes to a spool.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
	// last is the number of the last batch that the process reported.
	last int
}

func startChild(t *testing.T, root string) *child {
	t.Helper()
	c := &child{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.Env = append(os.Environ(), childRootEnv+"="+root)
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

// wait waits until the process has spooled n more batches. If n is negative, it waits for the end of the output.
func (c *child) wait(t *testing.T, n int) {
	t.Helper()
	for target := c.last + n; n < 0 || c.last < target; {
		if !c.lines.Scan() {
			if n < 0 {
				return
			}
			t.Fatal("the process has ended")
		}
		last, err := strconv.Atoi(c.lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		c.last = last
	}
}

// kill kills the process and reads the rest of its output.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.wait(t, -1)
	if err := c.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// The successor returns every batch that the killed process reported, once and in order. The file that was being
// written may be complete or damaged.
func TestTakeOverFromKilledProcess(t *testing.T) {
	root := t.TempDir()
	successor := open(t, root, "successor")
	victim, survivor := startChild(t, root), startChild(t, root)
	victim.wait(t, 20)
	survivor.wait(t, 20)
	if n := takeOver(t, successor); n != 0 {
		t.Fatalf("%d results taken over from running processes", n)
	}
	victim.kill(t)
	began := time.Now()
	n := takeOver(t, successor)
	t.Logf("%d results taken over in %s", n, time.Since(began))
	var want []string
	for i := range victim.last + 1 {
		want = append(want, fmt.Sprintf("%d-%d", victim.Process.Pid, i))
	}
	got := drainDamaged(t, successor, 1)
	if len(got) > len(want)+1 || len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("%d of %d batches returned: %v", len(got), len(want), got)
	}

	survivor.wait(t, 20)
	survivor.kill(t)
	if takeOver(t, successor) < 3*survivor.last {
		t.Errorf("too few of %d batches taken over", survivor.last)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// drainDamaged works like drain, but accepts damaged files at the end.
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
