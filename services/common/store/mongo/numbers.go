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

const (
	// numbersTimeout limits the duration of EachNumber.
	numbersTimeout = 30 * time.Second
	// slicesPerSection is the number of parts of a section from which a sample is read.
	slicesPerSection = 4
	// slicesPerQuery is the maximum number of these parts that one query reads. Some servers read all results for a query.
	slicesPerQuery = 200
)

// EachNumber calls each for the numbers in the outputs of results. A sample of a section is the newest results in each of
// its parts.
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
	read := numberReader{NumberFilter: f, store: s, numbers: make([]float64, len(f.Outputs)), each: each, read: make(map[int]bool)}
	if !sampled {
		return false, read.find(ctx, all)
	}
	return true, read.sample(ctx)
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
	store.NumberFilter
	store *Store
	// numbers belong to the current result.
	numbers []float64
	each    func(date time.Time, numbers []float64)
	// read contains the sections of which results were read.
	read map[int]bool
}

// sample reads the end of each part of the sections, and the newest results of a section that has none there.
func (r *numberReader) sample(ctx context.Context) error {
	oldest, err := r.dates(ctx, r.From, r.To, 1, 1)
	if err != nil || len(oldest) == 0 {
		return err
	}
	first := r.SectionOf(oldest[0])
	for part := slicesPerSection * first; r.start(part).Before(r.To); part += slicesPerQuery {
		if err := r.sampleParts(ctx, part, part+slicesPerQuery); err != nil {
			return err
		}
	}
	return r.findMissing(ctx, first)
}

// start returns the start of a part of the sections; at most the end of the time range.
func (r *numberReader) start(part int) time.Time {
	start := r.From.Add(time.Duration(part) * r.Section / slicesPerSection)
	if start.After(r.To) {
		return r.To
	}
	return start
}

// dates returns the dates of up to limit results with from <= date < to: the newest first if order is -1, the oldest
// first if it is 1. The index contains all that it reads.
func (r *numberReader) dates(ctx context.Context, from, to time.Time, order, limit int) ([]time.Time, error) {
	filter, err := resultFilter(store.ResultFilter{MonitorID: r.MonitorID, From: from, To: to})
	if err != nil {
		return nil, err
	}
	opts := options.Find().SetSort(bson.D{field("date", order), field("_id", order)}).SetLimit(int64(limit)).
		SetProjection(bson.D{field("_id", 0), field("date", 1)})
	date := func(doc resultDoc) time.Time { return doc.Date.UTC() }
	return findBy(ctx, r.store.results, newestFirst("monitor_id"), filter, date, opts)
}

// sampleParts reads the end of the parts from first on, and before last.
func (r *numberReader) sampleParts(ctx context.Context, first, last int) error {
	dates, err := r.dates(ctx, r.start(first), r.start(last), -1, r.PerSection()+1)
	if err != nil || len(dates) == 0 {
		return err
	}
	length := r.Section
	if n := r.PerSection(); len(dates) > n {
		// A part of this length has its share of the results of a section, unless their rate changes in these parts.
		length = dates[0].Sub(dates[n])/slicesPerSection + time.Millisecond
	}
	var ends []bson.D
	for part := first; part < last && r.start(part).Before(r.To); part++ {
		end := store.ResultFilter{MonitorID: r.MonitorID, From: r.start(part), To: r.start(part + 1)}
		if late := end.To.Add(-length); late.After(end.From) {
			end.From = late
		}
		filter, err := resultFilter(end)
		if err != nil {
			return err
		}
		ends = append(ends, filter)
	}
	// More than twice as many results as usual are too many.
	limit := 2 * len(ends) * (r.PerSection()/slicesPerSection + 1)
	return r.query(ctx, bson.D{field("$or", ends)}, options.Find().SetLimit(int64(limit)))
}

// findMissing reads the newest results of each section from first on of which none were read. It skips sections without
// results.
func (r *numberReader) findMissing(ctx context.Context, first int) error {
	for i := r.Sections() - 1; i >= first; i-- {
		if r.read[i] {
			continue
		}
		start := r.From.Add(time.Duration(i) * r.Section)
		section := store.ResultFilter{MonitorID: r.MonitorID, From: start, To: start.Add(r.Section), Limit: r.PerSection()}
		if section.To.After(r.To) {
			section.To = r.To
		}
		if err := r.find(ctx, section); err != nil {
			return err
		}
		if r.read[i] {
			continue
		}
		older, err := r.dates(ctx, r.From, start, -1, 1)
		if err != nil || len(older) == 0 {
			return err
		}
		i = r.SectionOf(older[0]) + 1 // The next one is its section.
	}
	return nil
}

// find reads the results that f selects, all of them if it has no limit.
func (r *numberReader) find(ctx context.Context, f store.ResultFilter) error {
	filter, err := resultFilter(f)
	if err != nil {
		return err
	}
	opts := options.Find()
	if f.Limit > 0 {
		opts.SetSort(newestFirst()).SetLimit(int64(f.Limit))
	}
	return r.query(ctx, filter, opts)
}

// query reads the results that a filter selects. If the server rejects the index, because it was deleted, query lets it
// choose.
func (r *numberReader) query(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) error {
	projection := bson.D{field("_id", 0), field("date", 1)}
	for _, name := range r.Outputs {
		projection = append(projection, field("outputs."+name, 1))
	}
	opts.SetProjection(projection)
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
		if i := slices.Index(r.Outputs, e.Key()); i >= 0 && isNumber {
			r.numbers[i] = number
		}
	}
	if date, ok := doc.Lookup("date").TimeOK(); ok {
		r.read[r.SectionOf(date.UTC())] = true
		r.each(date.UTC(), r.numbers)
	}
	return nil
}
