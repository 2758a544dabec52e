package sqlite

import (
	"context"
	"database/sql"
)

// tx is the writer's connection, as the operations see it: inside a transaction. It belongs to one
// goroutine. Its calls take no context: what has begun is finished.
type tx struct {
	conn    *sql.Conn
	queries statements
	interned
	// seq is that of the next result. It only ever rises.
	seq int64
}

func newTx(ctx context.Context, conn *sql.Conn) (*tx, error) {
	t := &tx{conn: conn, queries: statements{prepare: conn.PrepareContext}}
	t.forget()
	err := conn.QueryRowContext(ctx, "SELECT max(seq, coalesce((SELECT max(seq) + 1 FROM results), 1)) FROM meta").Scan(&t.seq)
	return t, err
}

// exec runs a statement and returns how many rows it changed.
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
	return int(n), err
}

// number is the integer that a query gives.
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

// control runs a statement that begins or ends something.
func (t *tx) control(statement string) error {
	_, err := t.exec(statement)
	return err
}

// abort gives up the transaction. SQLite may have done so already, upon which there is none to roll back.
func (t *tx) abort() {
	t.forget()
	_ = t.control("ROLLBACK")
}

// close gives the connection free.
func (t *tx) close() {
	t.queries.close()
	_ = t.conn.Close()
}
