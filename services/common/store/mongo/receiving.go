package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// receivingPeriodDoc is a document of the collection receiving_periods.
type receivingPeriodDoc struct {
	ID      bson.ObjectID `bson:"_id"`
	Process string        `bson:"process"`
	From    time.Time     `bson:"from"`
	To      time.Time     `bson:"to"`
	Ended   bool          `bson:"ended"`
}

func (d receivingPeriodDoc) period() store.ReceivingPeriod {
	return store.ReceivingPeriod{ID: d.ID.Hex(), Process: d.Process, From: d.From.UTC(), To: d.To.UTC(), Ended: d.Ended}
}

// latestEnd returns the keys of the index in whose order receiving periods are read.
func latestEnd() bson.D { return bson.D{field("to", -1)} }

// PutReceivingPeriod stores a period, or extends the stored one.
func (s *Store) PutReceivingPeriod(ctx context.Context, p store.ReceivingPeriod) (err error) {
	defer s.end(ctx, time.Now(), "put receiving period", &err)
	id, err := toID("receiving period id", p.ID)
	if err != nil {
		return err
	}
	extend := bson.D{
		field("$setOnInsert", bson.D{field("process", p.Process), field("from", p.From)}),
		field("$max", bson.D{field("to", p.To), field("ended", p.Ended)}),
	}
	model := driver.NewUpdateOneModel().SetFilter(byID(id)).SetUpdate(extend).SetUpsert(true)
	return bulkUpsert(ctx, s.receivingPeriods, []driver.WriteModel{model})
}

// ReceivingPeriods returns the periods that end at since or later, ordered by their start.
func (s *Store) ReceivingPeriods(ctx context.Context, since time.Time) (_ []store.ReceivingPeriod, err error) {
	defer s.end(ctx, time.Now(), "list receiving periods", &err)
	opts := options.Find().SetSort(latestEnd()).SetLimit(store.MaxReceivingPeriods)
	ends := bson.D{field("to", bson.D{field("$gte", monitor.CeilDate(since))})}
	list, err := findBy(ctx, s.receivingPeriods, latestEnd(), ends, receivingPeriodDoc.period, opts)
	slices.SortFunc(list, store.CompareReceivingPeriods)
	return list, err
}
