package spool

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDamagedFileIsSkipped(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"missing":   os.Remove,
		"changed":   func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 500)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), "a")
			for i := range 3 {
				add(t, s, batch(fmt.Sprint(i), 10))
			}
			path := s.path(s.pending[1])
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			var damaged *DamagedError
			if _, err := s.Next(100); !errors.As(err, &damaged) || damaged.File != path || damaged.Results != 10 {
				t.Fatalf("got %v", err)
			}
			b, err := s.Next(100)
			if err != nil || len(b.Results) != 20 || s.Results() != 20 || exists(path) {
				t.Errorf("%v, %d results in the batch, %d in the spool", err, len(b.Results), s.Results())
			}
		})
	}
}

func TestUnreadableFileIsReadAgain(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	add(t, s, batch("1", 1))
	path := s.path(s.pending[0])
	if err := errors.Join(os.Rename(path, path+".moved"), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	var damaged *DamagedError
	if _, err := s.Next(1); err == nil || errors.As(err, &damaged) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(os.Remove(path), os.Rename(path+".moved", path)); err != nil {
		t.Fatal(err)
	}
	if ids := drain(t, s); !slices.Equal(ids, []string{"1"}) {
		t.Errorf("got %v", ids)
	}
}

func TestDecodeDetectsEveryDamage(t *testing.T) {
	whole, err := encode(batch("1", 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decode(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := decode(whole[:n]); err == nil {
			t.Fatalf("decoded a file truncated to %d of %d bytes", n, len(whole))
		}
	}
	changed := slices.Clone(whole)
	for bit := range 8 * len(whole) {
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := decode(changed); err == nil {
			t.Fatalf("decoded a file with bit %d flipped", bit)
		}
		changed[bit/8] ^= 1 << (bit % 8)
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := encode(batch("1", 2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(len(whole), 0, []byte{1})
	f.Add(7, 2, []byte("other"))
	f.Add(4, 0, []byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, length, at int, other []byte) {
		content := slices.Clone(whole[:min(max(length, 0), len(whole))])
		copy(content[min(max(at, 0), len(content)):], other)
		if _, err := decode(content); (err == nil) != slices.Equal(content, whole) {
			t.Errorf("truncated to %d bytes, %q at %d: %v", length, other, at, err)
		}
	})
}
