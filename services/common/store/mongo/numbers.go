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
	all := store.ResultFilter{MonitorID: r.MonitorID, From: r.From, To: r.To, Limit: r.PerSection()}
	newest, err := r.store.Results(ctx, all)
	if err != nil || len(newest) == 0 {
		return err
	}
	filter, err := resultFilter(all)
	if err != nil {
		return err
	}
	opts := options.Find().SetSort(bson.D{field("date", 1)}).SetLimit(1)
	oldest, err := findBy(ctx, r.store.results, newestFirst("monitor_id"), filter, resultDoc.result, opts)
	if err != nil || len(oldest) == 0 {
		return err
	}
	first := r.SectionOf(oldest[0].Date)
	// Usually, a part of this length has its share of the results of a section.
	length := newest[0].Date.Sub(newest[len(newest)-1].Date)/slicesPerSection + time.Millisecond
	ends, err := r.ends(slicesPerSection*first, length)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ends, slicesPerQuery) {
		// More than twice as many results as usual are too many.
		limit := 2 * len(some) * (r.PerSection()/slicesPerSection + 1)
		if err := r.query(ctx, bson.D{field("$or", some)}, options.Find().SetLimit(int64(limit))); err != nil {
			return err
		}
	}
	return r.findMissing(ctx, first)
}

// ends returns filters for the end of each part of the sections, from the part with an index on.
func (r *numberReader) ends(part int, length time.Duration) (ends []bson.D, err error) {
	limit := func(part int) time.Time { return r.From.Add(time.Duration(part) * r.Section / slicesPerSection) }
	for ; limit(part).Before(r.To); part++ {
		end := store.ResultFilter{MonitorID: r.MonitorID, From: limit(part), To: limit(part + 1)}
		if end.To.After(r.To) {
			end.To = r.To
		}
		if late := end.To.Add(-length); late.After(end.From) {
			end.From = late
		}
		filter, err := resultFilter(end)
		if err != nil {
			return nil, err
		}
		ends = append(ends, filter)
	}
	return ends, nil
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
		older, err := r.store.Results(ctx, store.ResultFilter{MonitorID: r.MonitorID, From: r.From, To: start, Limit: 1})
		if err != nil || len(older) == 0 {
			return err
		}
		i = r.SectionOf(older[0].Date) + 1 // The next one is its section.
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
