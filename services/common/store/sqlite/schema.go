package sqlite

// applicationID marks a file as a NanoMon database: "NMon" in ASCII.
const applicationID = 0x4e4d6f6e

// contentColumn is the column of table alerts with the fields of a notification that never change.
const contentColumn = "owed"

// migrations lists the steps from an empty file to the current format. The user_version of a file is the number of
// steps that were applied to it. A released step never changes, not even its SQL comments, which use some older terms:
// alerts are notifications, transitions are status changes, encodeValues is encodeOutputs, and verdict is encodeStatus.
var migrations = [...]string{`
PRAGMA application_id = 0x4e4d6f6e;

CREATE TABLE meta (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	era     INTEGER NOT NULL, -- results of another era are deleted
	seq     INTEGER NOT NULL, -- the least seq that the next result may have
	cleared INTEGER           -- when the era began
) STRICT;
INSERT INTO meta VALUES (1, 0, 1, NULL);

CREATE TABLE monitors (
	id         BLOB PRIMARY KEY,
	name       TEXT NOT NULL,
	type       TEXT NOT NULL,
	interval   TEXT NOT NULL,
	target     TEXT NOT NULL,
	rule       TEXT NOT NULL,
	enabled    INTEGER NOT NULL,
	properties TEXT NOT NULL, -- JSON
	heading    TEXT NOT NULL,
	updated    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of a monitor hangs on a ref. A ref without a monitor is detached: what hangs on it
-- is deleted, though its rows are still there; see purge.
CREATE TABLE refs (
	ref     INTEGER PRIMARY KEY,
	monitor BLOB UNIQUE
) STRICT;

CREATE TABLE labels (
	label  INTEGER PRIMARY KEY,
	ref    INTEGER NOT NULL,
	name   TEXT NOT NULL,
	target TEXT NOT NULL,
	UNIQUE (ref, name, target)
) STRICT;

CREATE TABLE shapes (
	shape INTEGER PRIMARY KEY,
	names BLOB NOT NULL UNIQUE -- the names of the outputs, sorted; see encodeNames
) STRICT;

CREATE TABLE results (
	seq     INTEGER PRIMARY KEY,
	ref     INTEGER NOT NULL,
	date    INTEGER NOT NULL,
	id      BLOB NOT NULL,
	status  INTEGER NOT NULL,
	era     INTEGER NOT NULL,
	label   INTEGER NOT NULL,
	shape   INTEGER NOT NULL,
	value   REAL NOT NULL,
	message TEXT,
	outputs BLOB NOT NULL -- the values in the order of the shape's names; see encodeValues
) STRICT;
-- The status is in the indexes so that a listing of one status need not read the rows of others.
CREATE UNIQUE INDEX results_by_ref ON results (ref, date, id, status);
CREATE INDEX results_by_date ON results (era, date, status);

CREATE TABLE states (
	monitor BLOB PRIMARY KEY,
	date    INTEGER NOT NULL,
	id      BLOB NOT NULL,
	status  INTEGER NOT NULL,
	value   REAL NOT NULL,
	message TEXT,
	name    TEXT NOT NULL,
	target  TEXT NOT NULL,
	shape   INTEGER NOT NULL,
	outputs BLOB NOT NULL,
	streak  INTEGER NOT NULL,
	since   INTEGER NOT NULL,
	history BLOB NOT NULL -- see encodeHistory
) STRICT, WITHOUT ROWID;

CREATE TABLE transitions (
	ref   INTEGER NOT NULL,
	date  INTEGER NOT NULL,
	track TEXT NOT NULL,
	was   TEXT NOT NULL,
	now   TEXT NOT NULL,
	UNIQUE (ref, date, track)
) STRICT;
CREATE INDEX transitions_by_date ON transitions (date);
CREATE INDEX transitions_of_enabled ON transitions (ref) WHERE track = 'enabled';

CREATE TABLE dirty (
	ref    INTEGER NOT NULL,
	hour   INTEGER NOT NULL,
	token  INTEGER NOT NULL,
	marked INTEGER NOT NULL,
	PRIMARY KEY (ref, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollups (
	ref     INTEGER NOT NULL,
	period  TEXT NOT NULL,
	start   INTEGER NOT NULL,
	summary BLOB NOT NULL,
	UNIQUE (ref, period, start)
) STRICT;
CREATE INDEX rollups_by_start ON rollups (start);

CREATE TABLE checks (
	id         BLOB PRIMARY KEY,
	asked      INTEGER NOT NULL,
	expires    INTEGER NOT NULL,
	monitor    TEXT NOT NULL,
	definition TEXT, -- JSON
	runner     TEXT, -- whoever claimed it
	answer     TEXT  -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE runners (
	id       TEXT PRIMARY KEY,
	monitors INTEGER NOT NULL,
	seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`, `
CREATE TABLE alert_states (
	monitor BLOB PRIMARY KEY,
	seen    INTEGER NOT NULL,
	state   TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
	id         TEXT PRIMARY KEY,
	monitor    TEXT NOT NULL, -- empty for a test
	date       INTEGER NOT NULL,
	owed       TEXT NOT NULL, -- JSON of what never changes
	next       INTEGER,
	attempts   INTEGER NOT NULL,
	deliveries TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_monitor ON alerts (monitor, date, id);
CREATE INDEX alerts_by_date ON alerts (date, id);
CREATE INDEX alerts_due ON alerts (next) WHERE next IS NOT NULL;

CREATE TABLE alert_claims (
	id      TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	runner  TEXT NOT NULL,
	claimed INTEGER NOT NULL,
	PRIMARY KEY (id, attempt)
) STRICT, WITHOUT ROWID;
`, `
-- From here on a status holds why a result doesn't count, too; see verdict.
CREATE TABLE maintenance (
	id         BLOB PRIMARY KEY,
	name       TEXT NOT NULL,
	definition TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
`, `
CREATE TABLE keys (
	id      BLOB PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE, -- SHA-256
	name    TEXT NOT NULL,
	scope   TEXT NOT NULL,
	created INTEGER NOT NULL,
	used    INTEGER -- NULL: never
) STRICT, WITHOUT ROWID;
`, `
-- The sequence number of a state, and that of the result behind a status change. Until now it was always the date.
ALTER TABLE states ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE states SET seq = date;
ALTER TABLE transitions ADD COLUMN seq INTEGER NOT NULL DEFAULT 0; -- 0: the date
`, `
ALTER TABLE runners ADD COLUMN problems TEXT; -- JSON; NULL: none
`, `
ALTER TABLE runners ADD COLUMN not_checked TEXT; -- JSON; NULL: none
`, `
-- Results that are not OK are few, so their indexes are small; see encodeStatus.
CREATE INDEX results_not_ok_by_ref ON results (ref, date, id, status) WHERE status & 3;
CREATE INDEX results_not_ok_by_date ON results (era, date, status) WHERE status & 3;
`, `
-- From here on rollups are in table summaries, in the order in which they are read. Rollups of earlier versions remain in
-- table rollups until they expire.
CREATE TABLE summaries (
	ref     INTEGER NOT NULL,
	kind    INTEGER NOT NULL, -- see summaryKind
	start   INTEGER NOT NULL, -- in hours since 1970
	summary BLOB NOT NULL,
	PRIMARY KEY (ref, kind, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX summaries_by_start ON summaries (kind, start);
ALTER TABLE meta ADD COLUMN hours_from INTEGER NOT NULL DEFAULT 0; -- rollups of earlier hours have expired
CREATE INDEX rollups_by_period ON rollups (period, start);
DROP INDEX rollups_by_start;
`, `
-- One index for each status that is not OK: a listing of failed results reads no results in error.
DROP INDEX results_not_ok_by_ref;
DROP INDEX results_not_ok_by_date;
CREATE INDEX results_error_by_ref ON results (ref, date, id) WHERE status & 3 = 1;
CREATE INDEX results_error_by_date ON results (era, date) WHERE status & 3 = 1;
CREATE INDEX results_failed_by_ref ON results (ref, date, id) WHERE status & 3 = 2;
CREATE INDEX results_failed_by_date ON results (era, date) WHERE status & 3 = 2;
`, `
-- A sealed hour: the results of a ref in an hour, see package block. Rows of table results with the same ref and hour
-- and a seq up to max_seq are in the block, too, until they are deleted.
CREATE TABLE blocks (
	block    INTEGER PRIMARY KEY,
	ref      INTEGER NOT NULL,
	hour     INTEGER NOT NULL,
	era      INTEGER NOT NULL,
	size     INTEGER NOT NULL, -- the number of results
	min_seq  INTEGER NOT NULL,
	max_seq  INTEGER NOT NULL,
	statuses INTEGER NOT NULL, -- the sum of 1 << status, each counted once
	head     BLOB NOT NULL,
	data     BLOB NOT NULL
) STRICT;
-- The statuses are in the indexes so that a listing of one status need not read the blocks without it.
CREATE INDEX blocks_by_ref ON blocks (ref, hour, statuses);
CREATE INDEX blocks_by_date ON blocks (era, hour, statuses);
CREATE INDEX blocks_ok_by_date ON blocks (era, hour) WHERE statuses & 0x111;
CREATE INDEX blocks_error_by_date ON blocks (era, hour) WHERE statuses & 0x222;
CREATE INDEX blocks_failed_by_date ON blocks (era, hour) WHERE statuses & 0x444;
CREATE INDEX blocks_by_seq ON blocks (max_seq, min_seq);
`, `
ALTER TABLE monitors ADD COLUMN labels TEXT; -- JSON; NULL: none
`, `
CREATE TABLE incidents (
	id           TEXT PRIMARY KEY,
	monitor      TEXT NOT NULL,
	monitor_name TEXT NOT NULL,
	heading      TEXT NOT NULL, -- the group
	number       INTEGER NOT NULL,
	first_not_ok INTEGER NOT NULL,
	opened       INTEGER NOT NULL,
	resolved     INTEGER, -- NULL: open
	closed       INTEGER NOT NULL,
	severity     INTEGER NOT NULL,
	first        TEXT NOT NULL, -- the first message
	message      TEXT NOT NULL,
	dependents   TEXT NOT NULL, -- ids, separated by blanks
	acknowledged TEXT, -- JSON; NULL: no
	reconstructed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The other columns are in the indexes so that a listing need not read the rows that it leaves out.
CREATE INDEX incidents_by_date ON incidents (opened, id, severity, heading, resolved);
CREATE INDEX incidents_by_monitor ON incidents (monitor, opened, id, severity, heading, resolved);
CREATE INDEX incidents_by_group ON incidents (heading, opened, id, severity, resolved);
CREATE INDEX incidents_failed ON incidents (opened, id, heading, resolved) WHERE severity = 2;
CREATE INDEX incidents_error ON incidents (opened, id, heading, resolved) WHERE severity = 1;
CREATE INDEX incidents_open ON incidents (monitor, opened, id) WHERE resolved IS NULL;

CREATE TABLE silences (
	monitor TEXT PRIMARY KEY,
	until   INTEGER NOT NULL,
	by      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE meta ADD COLUMN incidents TEXT NOT NULL DEFAULT ''; -- the position of the reconstruction
`, `
ALTER TABLE meta ADD COLUMN changes_from INTEGER; -- status changes of earlier dates have expired; NULL: none have
`, `
-- From here on the history of a state marks results with a warning; see encodeHistory. An earlier version can't read that,
-- so it must not open the file.
`, pushTables, statusPageTables}
