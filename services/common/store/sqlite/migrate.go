package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

var errForeign = errors.New("the file is not a database of NanoMon; use another path")

// prepareFile judges the file that conn has open, sets it up for writing and brings its format up to date.
// Nothing is changed in a file that isn't ours.
func prepareFile(ctx context.Context, conn *sql.Conn) (*tx, error) {
	version, err := formatOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	// auto_vacuum counts only before the first table is made.
	for _, pragma := range []string{
		"auto_vacuum = INCREMENTAL", "synchronous = FULL", "temp_store = MEMORY",
		"cache_size = " + writerCache, "journal_size_limit = 16777216",
	} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return nil, err
		}
	}
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return nil, err
	}
	if mode != "wal" {
		return nil, fmt.Errorf("the file system can't hold a write-ahead log (journal mode is %s); use a local disk", mode)
	}
	for step := version; step < len(migrations); step++ {
		if err := migrate(ctx, conn, step); err != nil {
			return nil, fmt.Errorf("bring format %d to %d: %w", step, step+1, err)
		}
	}
	return newTx(ctx, conn)
}

// formatOf is the version of the file's format, 0 when it is empty.
func formatOf(ctx context.Context, conn *sql.Conn) (int, error) {
	var application, version, tables int
	err := conn.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&application, &version, &tables)
	switch {
	case err != nil:
		return 0, err
	case tables == 0:
		return 0, nil
	case application != applicationID:
		return 0, errForeign
	case version > len(migrations):
		return 0, fmt.Errorf("the file was made by a newer NanoMon (its format is %d, this one knows up to %d); use that version, or another file",
			version, len(migrations))
	}
	return version, nil
}

func migrate(ctx context.Context, conn *sql.Conn, step int) error {
	script := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", migrations[step], step+1)
	_, err := conn.ExecContext(ctx, script)
	return err
}
