package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"nanomon/tests/support/servicetest"
)

// unit is the unit of a figure.
type unit string

const (
	seconds   unit = "s"
	bytes     unit = "B"
	perSecond unit = "/s"
	percent   unit = "%"
	count     unit = ""
)

// figure is one measured value.
type figure struct {
	Section string  `json:"section"`
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    unit    `json:"unit"`
	// Bare is the value of the bare program in the same run, and Ratio is Value divided by Bare; 0 if there is none.
	Bare  float64 `json:"bare,omitempty"`
	Ratio float64 `json:"ratio,omitempty"`
	// Note has details for the table.
	Note string `json:"note,omitempty"`
}

// report contains all figures of a run and describes the machine.
type report struct {
	Commit   string    `json:"commit"`
	Date     time.Time `json:"date"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	CPUs     int       `json:"cpus"`
	// Database names the database of the services, with the version of a MongoDB server.
	Database string `json:"database"`
	// Pinned reports whether the measured programs ran on one CPU.
	Pinned   bool     `json:"pinned"`
	Figures  []figure `json:"figures"`
	Failures []string `json:"failures"`
}

func newReport() report {
	return report{
		Commit: commit(), Date: time.Now().UTC().Truncate(time.Second), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Pinned: canPin,
		Database: "SQLite",
		Figures:  []figure{}, Failures: []string{},
	}
}

// commit returns the commit of the sources, with -dirty if they have changed since; empty without Git.
func commit() string {
	command := exec.Command("git", "describe", "--always", "--dirty", "--exclude", "*")
	command.Dir = servicetest.Root()
	output, err := command.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(output))
}

// add adds a figure, compared with the value of the bare program unless that is 0.
func (b *bench) add(name string, u unit, value, bare float64, note string) {
	f := figure{Section: b.section, Name: name, Value: value, Unit: u, Bare: bare, Note: note}
	if bare > 0 {
		f.Ratio = value / bare
	}
	b.report.Figures = append(b.report.Figures, f)
	b.log("%s: %s: %s, bare %s", b.section, name, u.format(value), u.format(bare))
}

// write prints the table and writes the JSON file.
func (r report) write(out io.Writer, path string) error {
	if err := r.print(out); err != nil {
		return err
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// print prints the figures as a table in Markdown.
func (r report) print(out io.Writer) error {
	pinned := "not pinned"
	if r.Pinned {
		pinned = "measured programs pinned to one CPU"
	}
	fmt.Fprintf(out, "Commit %s, %s, %s, %s, %s, %d CPUs, %s\n\n",
		r.Commit, r.Date.Format(time.DateOnly), r.Database, r.Go, r.Platform, r.CPUs, pinned)
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	const row = "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n"
	fmt.Fprintf(table, row, "section", "figure", "NanoMon", "bare", "ratio", "details")
	fmt.Fprintf(table, row, "---", "---", "---", "---", "---", "---")
	for _, f := range r.Figures {
		bare, ratio := "", ""
		if f.Bare > 0 {
			bare, ratio = f.Unit.format(f.Bare), fmt.Sprintf("%.2f", f.Ratio)
		}
		fmt.Fprintf(table, row, f.Section, f.Name, f.Unit.format(f.Value), bare, ratio, f.Note)
	}
	for _, failure := range r.Failures {
		fmt.Fprintf(table, "\n%s\n", failure)
	}
	return table.Flush()
}

// format returns a value with three significant digits and a suitable unit.
func (u unit) format(value float64) string {
	switch {
	case u == seconds && value < 1e-3:
		return fmt.Sprintf("%s µs", significant(value*1e6))
	case u == seconds && value < 1:
		return fmt.Sprintf("%s ms", significant(value*1e3))
	case u == bytes && value >= 1e6:
		return fmt.Sprintf("%s MB", significant(value/1e6))
	case u == bytes && value >= 1e4:
		return fmt.Sprintf("%s KB", significant(value/1e3))
	case u == perSecond:
		return significant(value) + "/s"
	}
	return strings.TrimSpace(significant(value) + " " + string(u))
}

// formatDuration returns a duration with three significant digits.
func formatDuration(d time.Duration) string { return seconds.format(d.Seconds()) }

// significant returns a number with at least three significant digits and without an exponent.
func significant(value float64) string {
	if value >= 100 {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}
