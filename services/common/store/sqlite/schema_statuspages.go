package sqlite

// statusPageTables is a step of [migrations]: the tables of status pages.
const statusPageTables = `
CREATE TABLE status_pages (
	id         BLOB PRIMARY KEY,
	slug       TEXT NOT NULL UNIQUE,
	title      TEXT NOT NULL,
	definition TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX status_pages_by_title ON status_pages (title, id);

CREATE TABLE status_page_hosts (
	host TEXT PRIMARY KEY,
	page BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX status_page_hosts_by_page ON status_page_hosts (page);

CREATE TABLE status_messages (
	id         BLOB PRIMARY KEY,
	page       BLOB NOT NULL,
	resolved   INTEGER NOT NULL,
	date       INTEGER NOT NULL, -- of the last update
	definition TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX status_messages_by_page ON status_messages (page, resolved, date, id);
`
