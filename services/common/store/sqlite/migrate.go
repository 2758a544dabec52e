package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

var errNotNanoMon = errors.New("the file is not a NanoMon database: use another file")

// prepareFile checks the file that conn has open, configures the connection for writing and migrates the file to the
// current format. It changes nothing in a file that is not a NanoMon database or has a newer format.
func prepareFile(ctx context.Context, conn *sql.Conn) (*tx, error) {
	version, err := fileFormat(ctx, conn)
	if err != nil {
		return nil, err
	}
	// auto_vacuum has an effect only before the first table is created.
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
		return nil, fmt.Errorf("the file system does not support a write-ahead log (the journal mode is %s): use a local disk", mode)
	}
	for step := version; step < len(migrations); step++ {
		if err := migrate(ctx, conn, step); err != nil {
			return nil, fmt.Errorf("migrate the file from format %d to %d: %w", step, step+1, err)
		}
	}
	return newTx(ctx, conn)
}

// fileFormat returns the version of the file's format, 0 if the file is empty.
func fileFormat(ctx context.Context, conn *sql.Conn) (int, error) {
	var application, version, tables int
	var path string
	err := conn.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema), (SELECT file FROM pragma_database_list WHERE name = 'main')`,
	).Scan(&application, &version, &tables, &path)
	switch {
	case err != nil:
		return 0, err
	case tables == 0:
		return 0, nil
	case application != applicationID, version < 1:
		return 0, errNotNanoMon
	case version > len(migrations):
		return 0, fmt.Errorf("the file has format %d and this version of NanoMon supports formats up to %d: "+
			"use the newer version that wrote it, or stop NanoMon and restore %s", version, len(migrations), backupBeforeUpgrade(path))
	}
	return version, nil
}

// backupBeforeUpgrade names the newest backup that scripts/install.sh has made before an upgrade.
func backupBeforeUpgrade(database string) string {
	backups, _ := filepath.Glob(filepath.Join(filepath.Dir(database), "backups", "before-upgrade-*.db"))
	if len(backups) == 0 {
		return "the backup that was made before the upgrade"
	}
	return "the backup " + slices.Max(backups)
}

func migrate(ctx context.Context, conn *sql.Conn, step int) error {
	script := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", migrations[step], step+1)
	_, err := conn.ExecContext(ctx, script)
	return err
}
