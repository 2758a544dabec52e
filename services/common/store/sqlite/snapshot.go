package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// snapshot reads in one transaction, so that all its queries see the same state of the database.
type snapshot struct {
	ctx   context.Context
	tx    *sql.Tx
	store *Store
	// missing are the queries that were not in the cache of statements.
	missing []string
}

// snapshot calls do with a new snapshot. name is the name of the operation.
func (s *Store) snapshot(ctx context.Context, name string, do func(q *snapshot) error) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	q := &snapshot{ctx: ctx, store: s}
	if q.tx, err = s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err == nil {
		err = do(q)
		_ = q.tx.Rollback() // It has changed nothing.
	}
	for i := 0; err == nil && i < len(q.missing); i++ {
		_, err = s.statement(ctx, q.missing[i])
	}
	return s.readError(ctx, name, err)
}

// each calls scan for every row of a query. If the query is not in the cache, it is prepared for this transaction, and
// for the cache later: that needs a connection, and all others may wait for one as well.
func (q *snapshot) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	if err := q.ctx.Err(); err != nil {
		return err
	}
	stmt := q.store.queries.cached(query)
	if stmt != nil {
		return eachRow(q.ctx, q.tx.StmtContext(q.ctx, stmt), args, scan)
	}
	q.missing = append(q.missing, query)
	stmt, err := q.tx.PrepareContext(q.ctx, query)
	if err != nil {
		return err
	}
	return eachRow(q.ctx, stmt, args, scan)
}

// jsonList returns numbers as an argument for json_each.
func jsonList(numbers []int64) string {
	text, _ := json.Marshal(numbers) // numbers cause no error
	return string(text)
}
