package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// statements caches the prepared statements of a connection or a pool.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)

	// preparing is held while a statement is prepared, which may wait for a connection. A goroutine that has one must not
	// wait for it.
	preparing sync.Mutex
	mu        sync.Mutex
	byText    map[string]*sql.Stmt
}

func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := s.cached(query); stmt != nil {
		return stmt, nil
	}
	s.preparing.Lock()
	defer s.preparing.Unlock()
	if stmt := s.cached(query); stmt != nil {
		return stmt, nil
	}
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byText == nil {
		s.byText = make(map[string]*sql.Stmt)
	}
	s.byText[query] = stmt
	return stmt, nil
}

// cached returns the statement of a query, nil if it is not prepared yet.
func (s *statements) cached(query string) *sql.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byText[query]
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.byText {
		_ = stmt.Close()
	}
	clear(s.byText)
}

// read runs a query and calls scan for every row. name is the name of the operation.
func (s *Store) read(ctx context.Context, name, query string, args []any, scan func(*sql.Rows) error) (err error) {
	defer s.observe.End(name, time.Now(), &err)
	stmt, err := s.statement(ctx, query)
	if err == nil {
		err = eachRow(ctx, stmt, args, scan)
	}
	return s.readError(ctx, name, err)
}

// row runs a query and scans its first row into dest. It returns [monitor.ErrNotFound] if there is none.
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
	if err != nil && ctx.Err() != nil {
		return describe(name, ctx.Err())
	}
	select {
	case <-s.closing:
		if err != nil {
			err = errClosed
		}
	default:
		s.health.recordRead(name, err)
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
