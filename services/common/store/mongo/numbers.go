package mongo

import (
	"context"
	"math"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// numbersTimeout limits the duration of EachNumber, which may send a query for each of some hundred sections.
const numbersTimeout = 30 * time.Second

// EachNumber calls each for the numbers in the outputs of results. A sample of a section is its newest results.
func (s *Store) EachNumber(
	ctx context.Context, f store.NumberFilter, each func(date time.Time, numbers []float64),
) (sampled bool, err error) {
	defer s.end(ctx, time.Now(), "list numbers", &err)
	if err := f.Validate(); err != nil || !monitor.ValidID(f.MonitorID) {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, numbersTimeout)
	defer cancel()
	all := store.ResultFilter{MonitorID: f.MonitorID, From: f.From, To: f.To}
	if sampled, err = s.hasMore(ctx, all, f.Limit); err != nil {
		return false, err
	}
	read := numberReader{store: s, outputs: f.Outputs, numbers: make([]float64, len(f.Outputs)), each: each}
	if !sampled {
		return false, read.find(ctx, all)
	}
	return true, read.findSections(ctx, f)
}

// hasMore reports whether there are more selected results than limit. The index contains all that it reads.
func (s *Store) hasMore(ctx context.Context, f store.ResultFilter, limit int) (bool, error) {
	filter, err := resultFilter(f)
	if err != nil {
		return false, err
	}
	opts := options.Find().SetSkip(int64(limit)).SetLimit(1).SetProjection(bson.D{field("_id", 1)})
	next, err := findBy(ctx, s.results, newestFirst("monitor_id"), filter, idDoc[bson.ObjectID].id, opts)
	return len(next) > 0, err
}

// numberReader reads numbers of results and passes them on.
type numberReader struct {
	store   *Store
	outputs []string
	// numbers belong to the current result.
	numbers []float64
	each    func(date time.Time, numbers []float64)
	// found is the number of results that were read.
	found int
}

// findSections reads the newest results of each section, the newest section first. It skips sections without results.
func (r *numberReader) findSections(ctx context.Context, f store.NumberFilter) error {
	for i := f.Sections() - 1; i >= 0; i-- {
		before, start := r.found, f.From.Add(time.Duration(i)*f.Section)
		section := store.ResultFilter{MonitorID: f.MonitorID, From: start, To: start.Add(f.Section), Limit: f.PerSection()}
		if section.To.After(f.To) {
			section.To = f.To
		}
		if err := r.find(ctx, section); err != nil {
			return err
		}
		if r.found > before {
			continue
		}
		older, err := r.store.Results(ctx, store.ResultFilter{MonitorID: f.MonitorID, From: f.From, To: start, Limit: 1})
		if err != nil || len(older) == 0 {
			return err
		}
		i = f.SectionOf(older[0].Date) + 1 // The next one is its section.
	}
	return nil
}

// find reads the results that f selects, all of them if it has no limit. If the server rejects the index, because it was
// deleted, find lets it choose.
func (r *numberReader) find(ctx context.Context, f store.ResultFilter) error {
	filter, err := resultFilter(f)
	if err != nil {
		return err
	}
	projection := bson.D{field("_id", 0), field("date", 1)}
	for _, name := range r.outputs {
		projection = append(projection, field("outputs."+name, 1))
	}
	opts := options.Find().SetProjection(projection)
	if f.Limit > 0 {
		opts.SetSort(newestFirst()).SetLimit(int64(f.Limit))
	}
	cursor, err := r.store.results.Find(ctx, filter, opts, options.Find().SetHint(newestFirst("monitor_id")))
	if rejectsIndex(err) {
		cursor, err = r.store.results.Find(ctx, filter, opts)
	}
	if err != nil {
		return err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(ctx) {
		if err := r.pass(cursor.Current); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// pass calls each for a document.
func (r *numberReader) pass(doc bson.Raw) error {
	for i := range r.numbers {
		r.numbers[i] = math.NaN()
	}
	outputs, _ := doc.Lookup("outputs").DocumentOK()
	elements, err := outputs.Elements()
	if err != nil && len(outputs) > 0 {
		return err
	}
	for _, e := range elements {
		number, isNumber := e.Value().AsFloat64OK()
		if i := slices.Index(r.outputs, e.Key()); i >= 0 && isNumber {
			r.numbers[i] = number
		}
	}
	r.found++
	if date, ok := doc.Lookup("date").TimeOK(); ok {
		r.each(date.UTC(), r.numbers)
	}
	return nil
}
