package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"nanomon/services/common/store/sqlite/block"
)

// checkCopy checks a complete copy, makes it a single file without a write-ahead log, and returns its content.
func checkCopy(ctx context.Context, path string) (content Content, err error) {
	db, err := connect(path)
	if err != nil {
		return content, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return content, err
	}
	defer conn.Close()
	var mode, fault string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode); err != nil {
		return content, err
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&fault); err != nil {
		return content, err
	}
	if fault != "ok" {
		return content, fmt.Errorf("%w: %s", errDamaged, fault)
	}
	if content, err = contentOf(ctx, conn); err != nil {
		return content, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return content, err
	}
	content.Size = info.Size()
	return content, syncFile(path)
}

var (
	errDamaged = errors.New("the database is damaged")
	errEmpty   = errors.New("the file contains no tables: if it is a copy of nanomon.db, the file nanomon.db-wal is missing beside it")
)

// contentOf returns what a database contains. It returns an error if this is not a NanoMon database, has a newer format,
// or lacks a column of its format.
func contentOf(ctx context.Context, conn *sql.Conn) (c Content, err error) {
	version, err := fileFormat(ctx, conn)
	if err != nil {
		return c, err
	}
	if version == 0 {
		return c, errEmpty
	}
	if err := checkColumns(ctx, conn, version); err != nil {
		return c, err
	}
	tables, err := tableNames(ctx, conn)
	if err != nil {
		return c, err
	}
	c.Rows = make(map[string]int)
	for _, table := range tables {
		var rows int
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted(table)).Scan(&rows); err != nil {
			return c, err
		}
		c.Rows[table] = rows
	}
	return c, countResults(ctx, conn, &c)
}

// countResults adds what blocks contain to the number of results, and determines the date of the newest one.
func countResults(ctx context.Context, conn *sql.Conn, c *Content) error {
	var newest sql.NullInt64
	err := conn.QueryRowContext(ctx, "SELECT (SELECT date FROM results ORDER BY seq DESC LIMIT 1)").Scan(&newest)
	if err == nil && c.Rows["blocks"] > 0 {
		err = countSealed(ctx, conn, c, &newest)
	}
	if newest.Valid {
		c.Newest = date(newest.Int64)
	}
	return err
}

// countSealed adds the results in blocks. Rows that are also in a block count once.
func countSealed(ctx context.Context, conn *sql.Conn, c *Content, newest *sql.NullInt64) error {
	var sealed, twice int
	var encoded []byte
	err := conn.QueryRowContext(ctx, `SELECT (SELECT sum(size) FROM blocks),
		(SELECT count(*) FROM results r WHERE r.date < (SELECT max(hour) + 3600000 FROM blocks) AND r.seq <=
			(SELECT max_seq FROM blocks b WHERE b.ref = r.ref AND b.hour = r.date - r.date % 3600000)),
		(SELECT head FROM blocks ORDER BY max_seq DESC LIMIT 1)`).Scan(&sealed, &twice, &encoded)
	if err != nil {
		return err
	}
	c.Rows["results"] += sealed - twice
	if newest.Valid {
		return nil
	}
	head, err := block.DecodeHead(encoded)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	*newest = sql.NullInt64{Int64: slices.Max(head.Dates), Valid: true}
	return nil
}

// quoted returns a name for use in a statement.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func tableNames(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
