package replay

import (
	"context"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// pageSize is the number of results that are read at once.
	pageSize = 1000
	// maxResults is the maximum number of results in an answer: the results of 30 days at two per minute.
	maxResults = 100_000
	// maxTextBytes limits the texts in outputs that are held, each counted once.
	maxTextBytes = 16 << 20
	// readTime is the time after which no further page is read.
	readTime = 3 * time.Second
)

// row is a result with the outputs that the rule uses.
type row struct {
	date    time.Time
	value   float64
	status  monitor.Status
	ignored monitor.IgnoreReason
	// isAnswered is true if the target has answered, so that a rule was evaluated.
	isAnswered bool
	// exitCode is the exit status that the job of a push monitor reported.
	exitCode int
	cells    []any
}

// history holds results, newest first.
type history struct {
	// isPush is true if the results come from pings.
	isPush  bool
	columns []column
	rows    []row
	// before holds the results before the rows, as many as a rule may look at.
	before []row
	// cut is true if the question selects results before the rows.
	cut bool
	// texts holds the cell of each text once; textBytes is the length of the texts.
	texts     map[any]any
	textBytes int
}

// read reads the newest results that a question selects.
func read(ctx context.Context, s Store, isPush bool, columns []column, q Question) (history, error) {
	h := history{isPush: isPush, columns: columns, texts: make(map[any]any)}
	filter := store.ResultFilter{MonitorID: q.Monitor.ID, From: q.From, To: q.To, Limit: pageSize}
	for began := time.Now(); ; {
		page, err := s.Results(ctx, filter)
		if err != nil {
			return h, err
		}
		h.rows = append(h.rows, h.convert(page)...)
		if len(page) > 0 {
			last := page[len(page)-1]
			filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
		}
		isFull := len(h.rows) >= maxResults || h.textBytes >= maxTextBytes || time.Since(began) >= readTime
		if isFull || len(page) < pageSize {
			break
		}
	}
	if filter.Before == nil {
		return h, nil
	}
	earlier, err := s.Results(ctx, store.ResultFilter{
		MonitorID: q.Monitor.ID, Before: filter.Before, Limit: store.HistoryLength,
	})
	h.before = h.convert(earlier)
	h.cut = len(earlier) > 0 && !earlier[0].Date.Before(q.From)
	return h, err
}

// convert returns the rows of results.
func (h *history) convert(results []monitor.Result) []row {
	rows := make([]row, len(results))
	cells := make([]any, len(results)*len(h.columns))
	for i, r := range results {
		rows[i] = row{
			date: r.Date, value: r.Value, status: r.Status, ignored: r.Ignored, isAnswered: isAnswered(r),
			cells: cells[i*len(h.columns):][:len(h.columns)],
		}
		if exitCode, isNumber := r.Outputs["exitCode"].(float64); isNumber && h.isPush {
			rows[i].exitCode = int(exitCode)
		}
		for k, c := range h.columns {
			rows[i].cells[k] = h.once(c.cell(r.Outputs))
		}
	}
	return rows
}

// once returns a cell. Equal texts share their memory.
func (h *history) once(cell any) any {
	size := 0
	switch value := cell.(type) {
	case string:
		size = len(value)
	case part:
		size = len(value.text)
	default:
		return cell
	}
	same, known := h.texts[cell]
	if !known {
		same = cell
		h.texts[cell] = cell
		h.textBytes += size
	}
	return same
}
