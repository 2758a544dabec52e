package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const mergeIncident = `INSERT INTO incidents (id, monitor, monitor_name, heading, number, first_not_ok, opened, resolved, closed,
		severity, first, message, dependents, acknowledged, reconstructed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET severity = max(severity, excluded.severity), closed = max(closed, excluded.closed),
		resolved = coalesce(min(resolved, excluded.resolved), resolved, excluded.resolved),
		message = coalesce(nullif(excluded.message, ''), message)`

// MergeIncidents stores incidents or merges them with the stored ones.
func (s *Store) MergeIncidents(ctx context.Context, incidents []store.Incident) error {
	rows := make([][]any, len(incidents))
	for n, i := range incidents {
		if _, err := storableID("monitor", i.MonitorID); err != nil {
			return err
		}
		acknowledged, err := encodeAcknowledgement(i.Acknowledgement)
		if err != nil {
			return describe("encode incident "+i.ID, err)
		}
		rows[n] = []any{
			i.ID, strings.ToLower(i.MonitorID), i.MonitorName, i.Group, i.Number, i.FirstNotOK.UnixMilli(), i.Opened.UnixMilli(),
			nullDate(i.Resolved), i.Closed, i.Severity, i.FirstMessage, i.Message, strings.Join(i.Dependents, " "), acknowledged,
			i.Reconstructed,
		}
	}
	return s.write(ctx, "merge incidents", func(t *tx) error {
		for _, row := range rows {
			if _, err := t.exec(mergeIncident, row...); err != nil {
				return err
			}
		}
		return nil
	}, store.TopicIncidents)
}

// encodeAcknowledgement returns the JSON of an acknowledgement, or nil (stored as NULL) if there is none.
func encodeAcknowledgement(a *store.Acknowledgement) (any, error) {
	if a == nil {
		return nil, nil
	}
	text, err := json.Marshal(a)
	return string(text), err
}

// AcknowledgeIncident stores the acknowledgement of an open incident that has none, and returns the incident.
func (s *Store) AcknowledgeIncident(ctx context.Context, id string, a store.Acknowledgement) (store.Incident, error) {
	const operation = "acknowledge incident"
	text, err := encodeAcknowledgement(&a)
	if err != nil {
		return store.Incident{}, describe(operation, err)
	}
	err = s.write(ctx, operation, func(t *tx) error {
		_, err := t.exec("UPDATE incidents SET acknowledged = ? WHERE id = ? AND acknowledged IS NULL AND resolved IS NULL", text, id)
		return err
	}, store.TopicIncidents)
	if err != nil {
		return store.Incident{}, err
	}
	return s.Incident(ctx, id)
}

// Incident returns one incident.
func (s *Store) Incident(ctx context.Context, id string) (store.Incident, error) {
	list, err := s.incidents(ctx, "get incident", selectIncidents+"WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = describe("get incident", monitor.ErrNotFound)
	}
	if err != nil {
		return store.Incident{}, err
	}
	return list[0], nil
}

// IncidentsByID returns the incidents with the given ids.
func (s *Store) IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error) {
	return s.incidentsAmong(ctx, selectIncidents+"WHERE id IN (SELECT value FROM json_each(?))", ids)
}

// OpenIncidents returns the open incidents of the given monitors, or of all monitors.
func (s *Store) OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error) {
	if monitorIDs == nil {
		return s.incidents(ctx, "list incidents", selectOpenIncidents)
	}
	return s.incidentsAmong(ctx, selectOpenIncidents+" AND monitor IN (SELECT value FROM json_each(?))", monitorIDs)
}

// countOpenIncidents has a condition that is always true, so that SQLite searches the index instead of scanning it.
const countOpenIncidents = "SELECT count(*) FROM incidents INDEXED BY incidents_open WHERE resolved IS NULL AND monitor >= ''"

// CountOpenIncidents returns the number of open incidents.
func (s *Store) CountOpenIncidents(ctx context.Context) (count int, err error) {
	err = s.row(ctx, "count incidents", countOpenIncidents, nil, &count)
	return count, err
}

func (s *Store) incidentsAmong(ctx context.Context, query string, values []string) ([]store.Incident, error) {
	list, err := json.Marshal(values)
	if err != nil {
		return nil, describe("list incidents", err)
	}
	return s.incidents(ctx, "list incidents", query, string(list))
}

const (
	selectIncidents = `SELECT id, monitor, monitor_name, heading, number, first_not_ok, opened, resolved, closed, severity, first,
	message, dependents, acknowledged, reconstructed FROM incidents `
	selectOpenIncidents = selectIncidents + "INDEXED BY incidents_open WHERE resolved IS NULL"
)

// Incidents returns the incidents that f selects, newest first.
func (s *Store) Incidents(ctx context.Context, f store.IncidentFilter) ([]store.Incident, error) {
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	query, args := incidentQuery(f)
	return s.incidents(ctx, "list incidents", query, args...)
}

// incidentQuery returns the query for the incidents that f selects, and its arguments.
func incidentQuery(f store.IncidentFilter) (string, []any) {
	index := "incidents_by_date"
	where, args := []string{"opened >= ?"}, []any{ceilMilli(f.From)}
	add := func(condition string, values ...any) { where, args = append(where, condition), append(args, values...) }
	switch f.Severity {
	case monitor.StatusError:
		index = "incidents_error"
		add("severity = 1")
	case monitor.StatusFailed:
		index = "incidents_failed"
		add("severity = 2")
	}
	if f.Group != nil {
		index = "incidents_by_group"
		add("heading = ?", *f.Group)
	}
	if f.MonitorID != "" {
		index = "incidents_by_monitor"
		add("monitor = ?", strings.ToLower(f.MonitorID))
	}
	if f.Open != nil && *f.Open {
		index = "incidents_open"
		add("resolved IS NULL")
	} else if f.Open != nil {
		add("resolved IS NOT NULL")
	}
	if !f.To.IsZero() {
		add("opened < ?", ceilMilli(f.To))
	}
	if f.Before != nil {
		add("(opened, id) < (?, ?)", f.Before.Date.UnixMilli(), f.Before.ID)
	}
	query := selectIncidents + "INDEXED BY " + index + " WHERE " + strings.Join(where, " AND ") + " ORDER BY opened DESC, id DESC LIMIT ?"
	return query, append(args, f.Limit)
}

func (s *Store) incidents(ctx context.Context, operation, query string, args ...any) ([]store.Incident, error) {
	list := []store.Incident{}
	err := s.read(ctx, operation, query, args, func(rows *sql.Rows) error {
		var i store.Incident
		var firstNotOK, opened int64
		var resolved sql.NullInt64
		var dependents string
		var acknowledged []byte
		err := rows.Scan(&i.ID, &i.MonitorID, &i.MonitorName, &i.Group, &i.Number, &firstNotOK, &opened, &resolved, &i.Closed,
			&i.Severity, &i.FirstMessage, &i.Message, &dependents, &acknowledged, &i.Reconstructed)
		i.FirstNotOK, i.Opened = date(firstNotOK), date(opened)
		if resolved.Valid {
			i.Resolved = date(resolved.Int64)
		}
		if dependents != "" {
			i.Dependents = strings.Fields(dependents)
		}
		if err == nil && acknowledged != nil {
			err = json.Unmarshal(acknowledged, &i.Acknowledgement)
		}
		list = append(list, i)
		return err
	})
	return list, err
}

// PutSilence stores the silence of a monitor.
func (s *Store) PutSilence(ctx context.Context, silence store.Silence) error {
	if _, err := storableID("monitor", silence.MonitorID); err != nil {
		return err
	}
	return s.write(ctx, "put silence", func(t *tx) error {
		return putSilence(t, silence)
	}, store.TopicIncidents)
}

func putSilence(t *tx, silence store.Silence) error {
	_, err := t.exec("INSERT OR REPLACE INTO silences (monitor, until, by) VALUES (?, ?, ?)",
		strings.ToLower(silence.MonitorID), silence.Until.UnixMilli(), silence.By)
	return err
}

// Silences returns the silences that have not ended.
func (s *Store) Silences(ctx context.Context, now time.Time) ([]store.Silence, error) {
	list := []store.Silence{}
	const query = "SELECT monitor, until, by FROM silences WHERE until > ? ORDER BY monitor"
	err := s.read(ctx, "list silences", query, []any{now.UnixMilli()}, func(rows *sql.Rows) error {
		var silence store.Silence
		var until int64
		err := rows.Scan(&silence.MonitorID, &until, &silence.By)
		silence.Until = date(until)
		list = append(list, silence)
		return err
	})
	return list, err
}

// IncidentHistory returns the position of the reconstruction of past incidents.
func (s *Store) IncidentHistory(ctx context.Context) (position string, err error) {
	err = s.row(ctx, "get position of incident history", "SELECT incidents FROM meta", nil, &position)
	return position, err
}

// PutIncidentHistory stores the position of the reconstruction of past incidents.
func (s *Store) PutIncidentHistory(ctx context.Context, position string) error {
	return s.write(ctx, "put position of incident history", func(t *tx) error {
		_, err := t.exec("UPDATE meta SET incidents = ?", position)
		return err
	})
}
