package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// querier is a connection or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// checkColumns returns an error if a database lacks a column of its format, for example after a repair with another
// program.
func checkColumns(ctx context.Context, conn *sql.Conn, version int) (err error) {
	empty, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, empty.Close()) }()
	empty.SetMaxOpenConns(1) // each connection has its own database in memory
	for _, step := range migrations[:version] {
		if _, err := empty.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	want, err := columns(ctx, empty)
	if err != nil {
		return err
	}
	got, err := columns(ctx, conn)
	if err != nil {
		return err
	}
	for name := range want {
		if !got[name] {
			return fmt.Errorf("%w: %s is missing", errDamaged, name)
		}
	}
	return nil
}

// columns returns the columns of all tables, each as table.column.
func columns(ctx context.Context, db querier) (names map[string]bool, err error) {
	rows, err := db.QueryContext(ctx,
		"SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names = make(map[string]bool)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names[name] = true
	}
	return names, rows.Err()
}
