package sqlite

import (
	"context"
	"database/sql"
	"math"
	"strings"
)

// tx is the connection of the writer goroutine. Operations use it inside a transaction. Its methods take no context,
// because an operation that has begun always runs to its end.
type tx struct {
	conn    *sql.Conn
	queries statements
	numberCache
	deleted deletedMonitors
	// changed contains the tables that were changed since the last commit.
	changed map[string]bool
	// seq is the seq of the next result. It never decreases.
	seq int64
	// newestBlock is the newest hour that may have a block, in milliseconds. It is never too early.
	newestBlock int64
}

func newTx(ctx context.Context, conn *sql.Conn) (*tx, error) {
	t := &tx{conn: conn, queries: statements{prepare: conn.PrepareContext}, deleted: deletedMonitors{}, changed: make(map[string]bool)}
	t.clearCache()
	err := conn.QueryRowContext(ctx, `SELECT
		max(seq, coalesce((SELECT max(seq) + 1 FROM results), 1), coalesce((SELECT max(max_seq) + 1 FROM blocks), 1)),
		coalesce((SELECT max(hour) FROM blocks b WHERE b.era = meta.era), ?) FROM meta`, math.MinInt64).Scan(&t.seq, &t.newestBlock)
	return t, err
}

// exec runs a statement and returns the number of changed rows.
func (t *tx) exec(query string, args ...any) (int, error) {
	stmt, err := t.queries.get(context.Background(), query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if n > 0 {
		t.changed[changedTable(query)] = true
	}
	return int(n), err
}

// changedTable returns the table that a statement changes, or an empty string.
func changedTable(query string) string {
	for _, verb := range []string{"INSERT INTO ", "UPDATE ", "DELETE FROM "} {
		if rest, found := strings.CutPrefix(query, verb); found {
			table, _, _ := strings.Cut(rest, " ")
			return table
		}
	}
	return ""
}

// number returns the integer that a query selects.
func (t *tx) number(query string, args ...any) (int64, error) {
	stmt, err := t.queries.get(context.Background(), query)
	if err != nil {
		return 0, err
	}
	var n int64
	err = stmt.QueryRowContext(context.Background(), args...).Scan(&n)
	return n, err
}

// each calls scan for every row of a query.
func (t *tx) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	stmt, err := t.queries.get(context.Background(), query)
	if err != nil {
		return err
	}
	return eachRow(context.Background(), stmt, args, scan)
}

// control runs a statement that changes no rows, such as BEGIN or COMMIT.
func (t *tx) control(statement string) error {
	_, err := t.exec(statement)
	return err
}

// abort rolls the transaction back. It ignores an error: SQLite may have rolled back already.
func (t *tx) abort() {
	t.clearCache()
	_ = t.control("ROLLBACK")
}

// close closes the prepared statements and releases the connection.
func (t *tx) close() {
	t.queries.close()
	_ = t.conn.Close()
}
