package sqlite

// pushTables is a step of [migrations]: the tables of push monitors.
const pushTables = `
-- Pings that no runner has handled yet.
CREATE TABLE pings (
	id       BLOB NOT NULL UNIQUE,
	monitor  BLOB NOT NULL,
	received INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	exit     INTEGER NOT NULL,
	run      TEXT NOT NULL,
	body     BLOB
) STRICT;
CREATE INDEX pings_by_date ON pings (received, id, monitor);
CREATE INDEX pings_by_monitor ON pings (monitor, received, id);

CREATE TABLE push_states (
	monitor BLOB PRIMARY KEY,
	seq     INTEGER NOT NULL,
	state   TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE ping_urls (
	monitor BLOB PRIMARY KEY,
	uuid    TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE receiving_periods (
	id      BLOB PRIMARY KEY,
	process TEXT NOT NULL,
	start   INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	ended   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receiving_periods_by_end ON receiving_periods (until, start);
`
