package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"nanomon/services/common/config"
	"nanomon/services/common/process"
	"nanomon/services/common/store/sqlite"
)

var backupCommand = process.Command{
	Name:    "backup",
	Summary: "copy the database to a new file, also while NanoMon runs",
	Text: []string{
		"Copies the database in DATA_DIR to a new file. NanoMon may run and continues to check and to store " +
			"results. The copy is of one moment. It is checked before the file appears under its name. An existing file " +
			"is not overwritten.",
		"The file contains all monitors with their secrets, so only its owner may read it. /docs/backup on the page has more.",
	},
	Run: backup,
}

var restoreCommand = process.Command{
	Name:    "restore",
	Summary: "replace the database by a backup, while NanoMon is stopped",
	Text: []string{
		"Replaces the database in DATA_DIR by a file that the command backup has written. Stop NanoMon before. The file " +
			"is checked first. The previous database is kept in the same folder, under a name with the date.",
		"A backup of an older version is brought to the current format when NanoMon starts. /docs/backup on the page has more.",
	},
	Yes: "do not ask for confirmation",
	Run: restore,
}

func backup(ctx context.Context, file string, _ bool) error {
	path, err := configuredDatabase()
	if err != nil {
		return err
	}
	progress := newProgress()
	content, err := sqlite.Backup(ctx, path, file, progress.show)
	progress.clear()
	if err != nil {
		return err
	}
	fmt.Printf("backed up to %s: %s\n", file, describe(content))
	return nil
}

func restore(ctx context.Context, file string, yes bool) error {
	path, err := configuredDatabase()
	if err != nil {
		return err
	}
	progress := newProgress()
	r := sqlite.Restore{Path: path, Backup: file, Progress: progress.show}
	r.Confirm = func(path string, content sqlite.Content) error {
		progress.clear()
		fmt.Printf("%s is valid: %s\n", file, describe(content))
		if yes {
			return nil
		}
		return confirm(ctx, fmt.Sprintf("Replace the database %s by this backup? The previous database is kept.", path))
	}
	kept, err := r.Run(ctx)
	progress.clear()
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Printf("kept the previous database as %s\n", kept)
	}
	fmt.Printf("restored %s: start NanoMon now\n", file)
	return nil
}

func configuredDatabase() (string, error) {
	environment, _, err := config.Environment()
	if err != nil {
		return "", err
	}
	cfg, err := config.Parse[config.SQLite](environment)
	return databaseFile(cfg), err
}

// describe lists the content of a database that people recognize.
func describe(c sqlite.Content) string {
	text := fmt.Sprintf("monitors: %d, maintenance windows: %d, status pages: %d, API keys: %d, results: %d",
		c.Rows["monitors"], c.Rows["maintenance"], c.Rows["status_pages"], c.Rows["keys"], c.Rows["results"])
	if !c.Newest.IsZero() {
		text += ", newest result: " + c.Newest.Local().Format(time.DateTime)
	}
	return fmt.Sprintf("%s, size: %.1f MB", text, float64(c.Size)/1e6)
}

// confirm asks a question on the terminal. It returns an error unless the answer is yes.
func confirm(ctx context.Context, question string) error {
	if !isatty.IsTerminal(os.Stdin.Fd()) {
		return errors.New("there is no terminal for a confirmation: use the option --yes (nothing was changed)")
	}
	fmt.Print(question + " [y/N] ")
	answer := make(chan string, 1)
	// The program ends soon after ctx, and the read with it.
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Println()
		return ctx.Err()
	case line := <-answer:
		if line != "y" && line != "yes" {
			return errors.New("cancelled: nothing was changed")
		}
		return nil
	}
}

// progress shows the step of a long operation in one line of the terminal, if there is one.
type progress struct {
	terminal bool
	shown    string
}

func newProgress() *progress { return &progress{terminal: isatty.IsTerminal(os.Stderr.Fd())} }

func (p *progress) show(step string, done float64) {
	line := step
	if done > 0 {
		line = fmt.Sprintf("%s: %.0f %%", step, 100*done)
	}
	if !p.terminal || line == p.shown {
		return
	}
	p.clear()
	fmt.Fprint(os.Stderr, line)
	p.shown = line
}

// clear removes the line.
func (p *progress) clear() {
	if p.shown != "" {
		fmt.Fprint(os.Stderr, "\r", strings.Repeat(" ", len(p.shown)), "\r")
		p.shown = ""
	}
}
