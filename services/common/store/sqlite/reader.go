package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nanomon/services/common/monitor"
)

// statements are the prepared statements of a connection or a pool, by their text.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)

	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

func (p *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.byText[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := p.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	if p.byText == nil {
		p.byText = make(map[string]*sql.Stmt)
	}
	p.byText[query] = stmt
	return stmt, nil
}

func (p *statements) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stmt := range p.byText {
		_ = stmt.Close()
	}
	clear(p.byText)
}

// read calls scan for every row of a query.
func (s *Store) read(ctx context.Context, name, query string, args []any, scan func(*sql.Rows) error) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	stmt, err := s.statement(ctx, query)
	if err == nil {
		err = eachRow(ctx, stmt, args, scan)
	}
	return s.readError(ctx, name, err)
}

// row scans the one row of a query; the error wraps monitor.ErrNotFound when there is none.
func (s *Store) row(ctx context.Context, name, query string, args []any, dest ...any) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	stmt, err := s.statement(ctx, query)
	if err == nil {
		err = stmt.QueryRowContext(ctx, args...).Scan(dest...)
	}
	return s.readError(ctx, name, err)
}

func (s *Store) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.queries.get(ctx, query)
}

func (s *Store) readError(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return describe(name, ctx.Err())
	}
	select {
	case <-s.closing:
		err = errClosed
	default:
	}
	return describe(name, err)
}

func eachRow(ctx context.Context, stmt *sql.Stmt, args []any, scan func(*sql.Rows) error) (err error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// describe adds to an error which operation it is of, in the vocabulary that the store promises.
func describe(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, explain(err))
}

// explain puts an error of SQLite into the words of package monitor where they have one for it.
func explain(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return monitor.ErrNotFound
	}
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM:
		return fmt.Errorf("%w: %w", monitor.ErrUnavailable, err)
	}
	return err
}
