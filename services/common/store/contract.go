package store

import (
	"context"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

// Store lists everything that an adapter implements. Only the contract suite and the adapters' compile-time checks use
// it as a whole; each consumer declares the smaller interface that it needs.
type Store interface {
	// Ping returns an error if the store does not answer.
	Ping(ctx context.Context) error
	// Now returns the time of the store's clock, zero if the store does not report it.
	Now(ctx context.Context) (time.Time, error)

	// Monitors returns all monitors, ordered by name and then id.
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
	// CreateMonitor stores m. The caller has set its id.
	CreateMonitor(ctx context.Context, m monitor.Monitor) error
	// ReplaceMonitor replaces the monitor with the id of m. If Enabled differs it logs a status change at m.Updated.
	ReplaceMonitor(ctx context.Context, m monitor.Monitor) error
	// ReplaceMonitorIf does the same if the stored monitor equals old, as Monitor has returned it. Otherwise it returns
	// [monitor.ErrChanged] and changes nothing. No other write comes between the comparison and the write.
	ReplaceMonitorIf(ctx context.Context, m, old monitor.Monitor) error
	// DeleteMonitor deletes the monitor with its results, rollups, status changes and state, and its ping URL, pings and
	// push state.
	DeleteMonitor(ctx context.Context, id string) error
	// DeleteMonitorIf does the same with the monitor old, under the condition of ReplaceMonitorIf.
	DeleteMonitorIf(ctx context.Context, old monitor.Monitor) error
	// DeleteMonitors deletes all monitors in the same way.
	DeleteMonitors(ctx context.Context) error
	// ImportMonitors replaces the whole set of monitors by ms: it creates and replaces (see ReplaceMonitor) monitors,
	// then deletes all other monitors. The history of a deleted monitor stays until it expires. Each id must be
	// final and unique, see [PlanImport].
	ImportMonitors(ctx context.Context, ms []monitor.Monitor) error
	// ChangeMonitors makes a change of several monitors, and returns what it did to each, in the order of the ids. It
	// edits the stored monitors, so that other edits made since the caller has read them stay, and logs status changes
	// as ReplaceMonitor does. It never creates a monitor. Once it has begun, the change is made in full, by another
	// process if this one stops.
	ChangeMonitors(ctx context.Context, c BulkChange) ([]ChangeOutcome, error)

	// MaintenanceWindows returns all windows, ordered by name and then id.
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	MaintenanceWindow(ctx context.Context, id string) (maintenance.Window, error)
	// CreateMaintenanceWindow stores w. The caller has set its id. The window may name monitors that do not exist.
	CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	// ReplaceMaintenanceWindow replaces the window with the id of w.
	ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	// ReplaceMaintenanceWindowIf does the same if the stored window equals old, as MaintenanceWindow has returned it.
	// Otherwise it returns [monitor.ErrChanged] and changes nothing. No other write comes between both.
	ReplaceMaintenanceWindowIf(ctx context.Context, w, old maintenance.Window) error
	DeleteMaintenanceWindow(ctx context.Context, id string) error
	// DeleteMaintenanceWindowIf deletes the window old under the same condition.
	DeleteMaintenanceWindowIf(ctx context.Context, old maintenance.Window) error

	// StatusPages returns all status pages with their logos and hashes, ordered by title and then id. It leaves out a page
	// whose stored content can't be decoded.
	StatusPages(ctx context.Context) ([]statuspage.Page, error)
	StatusPage(ctx context.Context, id string) (statuspage.Page, error)
	// CreateStatusPage stores p. The caller has set its id. The error is a [monitor.InvalidError] that names slug or hosts
	// if another page has the slug or a host, or if there are [statuspage.MaxPages] already.
	CreateStatusPage(ctx context.Context, p statuspage.Page) error
	// ReplaceStatusPageIf replaces the page with the id of p under the condition of ReplaceMaintenanceWindowIf. It has the
	// same errors for slug and hosts.
	ReplaceStatusPageIf(ctx context.Context, p, old statuspage.Page) error
	// DeleteStatusPage deletes the page and its messages.
	DeleteStatusPage(ctx context.Context, id string) error
	// DeleteStatusPageIf does the same with the page old under the same condition.
	DeleteStatusPageIf(ctx context.Context, old statuspage.Page) error

	// StatusMessages returns the messages of the given pages that are not resolved, or whose last update is at since or
	// later, ordered by the date of the last update and then the id, newest first. If there are more than
	// [MaxStatusMessages], it returns that many of them, and leaves out resolved ones first. It leaves out a message whose
	// stored content can't be decoded.
	StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]statuspage.Message, error)
	// StatusPagesRevision returns a text that changes with every write of a status page or a message. A write that has
	// returned has changed it. It is never empty, never returns to an earlier value while the store is open, and takes the
	// same time whatever is stored.
	StatusPagesRevision(ctx context.Context) (string, error)
	StatusMessage(ctx context.Context, id string) (statuspage.Message, error)
	// CreateStatusMessage stores m, which has at least one update. The caller has set its id. It returns
	// [monitor.ErrNotFound] if the page does not exist, and a [monitor.InvalidError] if the page has
	// [statuspage.MaxMessages] already.
	CreateStatusMessage(ctx context.Context, m statuspage.Message) error
	// ReplaceStatusMessageIf replaces the message with the id of m under the condition of ReplaceMaintenanceWindowIf. It
	// can't move the message to another page.
	ReplaceStatusMessageIf(ctx context.Context, m, old statuspage.Message) error
	DeleteStatusMessage(ctx context.Context, id string) error
	// DeleteStatusMessageIf deletes the message old under the same condition.
	DeleteStatusMessageIf(ctx context.Context, old statuspage.Message) error

	// Keys returns all API keys, ordered by name and then id.
	Keys(ctx context.Context) ([]Key, error)
	// CreateKey stores k. Its id and hash must be new.
	CreateKey(ctx context.Context, k Key) error
	DeleteKey(ctx context.Context, id string) error
	// TouchKey sets LastUsed to the given time unless it is later already. A deleted key is not an error.
	TouchKey(ctx context.Context, id string, at time.Time) error

	// AppendBatch stores results, then status changes, then states, then push states, then deletes the done pings. It
	// marks the hours of the results as dirty. The monitors and the pings need not exist. But nothing is stored of a
	// monitor that was deleted with its data in the last [DeletedMonitorAge] and does not exist: what is on its way to
	// the store during the deletion would stay until it expires. The same is true for PutRollups.
	AppendBatch(ctx context.Context, b Batch) error
	// Results returns the results that f selects. An unknown monitor has none.
	Results(ctx context.Context, f ResultFilter) ([]monitor.Result, error)
	// EachNumber calls each for the results of a monitor that f selects, in no particular order, with the numbers in
	// their outputs: NaN for an output that has no number. If there are more than f.Limit, it may call each for a sample
	// with at least one result of each section with results, and then returns true. It must do so if there are more than
	// [NumberFilter.PerSection] allows. each must not use the store, and not keep the numbers.
	EachNumber(ctx context.Context, f NumberFilter, each func(date time.Time, numbers []float64)) (sampled bool, err error)
	// ResultsSince returns up to limit results in the order of storing, and the cursor for the next call. An empty
	// cursor returns no results and the current cursor. Each result is returned at least once.
	ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error)
	// DeleteResults deletes all results, rollups, states and the status changes that results caused, and sets
	// ResultsCleared to the given time. Push states and pings stay, because deadlines depend on them: a ping that was
	// received before leads to no result, but moves the deadline.
	DeleteResults(ctx context.Context, at time.Time) error
	// ResultsCleared returns the time of the last DeleteResults, zero if there was none. A runner drops what it
	// remembers from before.
	ResultsCleared(ctx context.Context) (time.Time, error)

	// States returns the states of all monitors, in no particular order.
	States(ctx context.Context) ([]State, error)
	// StatesOf returns the states of the given monitors, in no particular order. A monitor without a state is left out.
	StatesOf(ctx context.Context, monitorIDs []string) ([]State, error)
	// State returns the state of one monitor.
	State(ctx context.Context, monitorID string) (State, error)
	// Revision returns a text that changes whenever Monitors would return something else, and, with states, whenever
	// States would. A write that has returned has changed it. It is cheaper to read than these. It never returns to an
	// earlier value, unless a MongoDB document returns to its earlier content.
	Revision(ctx context.Context, states bool) (string, error)
	// StatusChanges returns up to limit status changes of a monitor with from <= date < to, newest first.
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]StatusChange, error)
	// StatusChangesExpired returns the date before which Expire has deleted all status changes, so that nothing is known
	// of that time. It is zero if Expire has never been called. Expire never sets an earlier date, with one exception: a
	// date after its now, which a wrong clock has set, becomes now. It writes the date only if it changes.
	StatusChangesExpired(ctx context.Context) (time.Time, error)
	// StatusChangesOf returns the status changes of the given monitors with from <= date < to, newest first. If there are
	// more than limit, it returns that many of them.
	StatusChangesOf(ctx context.Context, monitorIDs []string, from, to time.Time, limit int) ([]StatusChange, error)

	// DirtyHours returns up to limit dirty hours, oldest first, that ended before closed and were marked before quiet.
	DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) ([]DirtyHour, error)
	// MarkHistory marks hours as dirty that have results, but neither a mark nor a rollup, because another program has
	// stored the results. Each call examines a limited number of hours and continues where the last call ended. An
	// examined hour is never examined again.
	MarkHistory(ctx context.Context) (MarkedHistory, error)
	// PutRollups stores rollups. Each replaces the rollup of the same monitor, period and start.
	PutRollups(ctx context.Context, rs []Rollup) error
	// ClearDirty deletes the marks of dirty hours. A mark that has been set again since stays.
	ClearDirty(ctx context.Context, marks []DirtyHour) error
	// Rollups returns the rollups of a monitor with from <= start < to, oldest first.
	Rollups(ctx context.Context, monitorID string, p Period, from, to time.Time) ([]Rollup, error)
	// EachRollup calls each for the rollups of the given monitors with from <= start < to, in no particular order. It
	// holds only some of them in memory. each must not use the store.
	EachRollup(ctx context.Context, monitorIDs []string, p Period, from, to time.Time, each func(Rollup)) error

	// Expire deletes results and rollups that are older than keep allows at now, states, push states and ping URLs
	// without a monitor, messages without a status page, pings older than [PingAge], or than [OrphanPingAge] without a monitor, receiving periods of
	// [ReceivingPeriodAge], expired on-demand checks, ended silences, and heartbeats older than a day. Notifications,
	// incidents that have ended and incident states without a monitor have the retention of rollups. Status changes have
	// it too, but are deleted by whole hours, see [Retention.StatusChangesFrom]. A claim is deleted after
	// [NotificationClaimAge], the record of a deleted monitor after [DeletedMonitorAge]. Expire works in small steps and returns the number of deleted results.
	Expire(ctx context.Context, now time.Time, keep Retention) (int, error)

	// AddOnDemandChecks stores requests for on-demand checks.
	AddOnDemandChecks(ctx context.Context, rs ...OnDemandCheck) error
	// PendingOnDemandChecks returns the requests that are neither claimed nor expired at now, oldest first.
	PendingOnDemandChecks(ctx context.Context, now time.Time) ([]OnDemandCheck, error)
	// ClaimOnDemandCheck assigns a request to a runner. It returns false if another runner has it, if it has expired at
	// now, or if it is deleted.
	ClaimOnDemandCheck(ctx context.Context, id, runner string, now time.Time) (bool, error)
	// CompleteOnDemandCheck stores the result of a claimed request and deletes the request's definition.
	CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error
	// OnDemandResult returns the result of a request, and false while there is none.
	OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error)
	// DeleteOnDemandCheck deletes a request and its result. An unknown id is not an error.
	DeleteOnDemandCheck(ctx context.Context, id string) error

	// AddPing stores a ping. Its id must be new: a ping that is added again changes nothing. The monitor need not exist. If
	// the monitor has more than [MaxWaitingPings], its oldest ones are deleted, at the latest some pings later.
	AddPing(ctx context.Context, p Ping) error
	// Pings returns up to limit pings after the cursor, oldest first by (Received, ID). A ping may be stored after a later
	// one: a reader begins without a cursor each time, and uses it only to read on.
	Pings(ctx context.Context, after *Cursor, limit int) ([]Ping, error)
	// PushStates returns the push states of the given monitors, in no particular order. A monitor without one is left out.
	PushStates(ctx context.Context, monitorIDs []string) ([]PushState, error)
	// PutReceivingPeriod stores a new period, or moves the end of the stored one to p.To if that is later. A period that
	// is stored as ended stays ended.
	PutReceivingPeriod(ctx context.Context, p ReceivingPeriod) error
	// ReceivingPeriods returns the periods that end at since or later, ordered by their start. If there are more than
	// [MaxReceivingPeriods], it returns the latest.
	ReceivingPeriods(ctx context.Context, since time.Time) ([]ReceivingPeriod, error)
	// PingURL returns the uuid in the ping URL of a monitor. It is a secret.
	PingURL(ctx context.Context, monitorID string) (uuid string, err error)
	// AddPingURL stores the uuid of a monitor that has none, and returns the stored one, which is another one if the
	// monitor has one already. The monitor need not exist.
	AddPingURL(ctx context.Context, monitorID, uuid string) (stored string, err error)
	// PutPingURL stores the uuid of a monitor in place of the previous one, which stops working at once.
	PutPingURL(ctx context.Context, monitorID, uuid string) error
	// PingURLOwner returns the id of the monitor with a uuid. The monitor may be deleted.
	PingURLOwner(ctx context.Context, uuid string) (monitorID string, err error)

	// IncidentStates returns the stored incident states of the given monitors, in no particular order.
	IncidentStates(ctx context.Context, monitorIDs []string) ([]IncidentState, error)
	// PutIncidentStates stores each state that is newer than the stored one.
	PutIncidentStates(ctx context.Context, states []IncidentState) error
	// AddNotifications stores new notifications. It leaves notifications whose id exists unchanged and returns their
	// ids.
	AddNotifications(ctx context.Context, ns []Notification) (existing []string, err error)
	// DueNotifications returns up to limit notifications that are due, see [Notification.IsDue], ordered by Next.
	DueNotifications(ctx context.Context, now time.Time, limit int) ([]Notification, error)
	// ClaimNotification claims one attempt to send a notification for a runner. Only the first claim wins; claimed is
	// the time of the first claim.
	ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error)
	// PutDeliveries stores the fields Next, Attempts and Deliveries of a notification.
	PutDeliveries(ctx context.Context, n Notification) error
	Notification(ctx context.Context, id string) (Notification, error)
	// NotificationsByID returns the notifications with the given ids, in no particular order.
	NotificationsByID(ctx context.Context, ids []string) ([]Notification, error)
	// Notifications returns the notifications that f selects.
	Notifications(ctx context.Context, f NotificationFilter) ([]Notification, error)
	// NotificationsOf returns up to limit notifications of the given incidents, in no particular order.
	NotificationsOf(ctx context.Context, incidentIDs []string, limit int) ([]Notification, error)

	// MergeIncidents stores each incident, or merges it with the stored one: the worse severity, the earlier end and the
	// given message count, if it is not empty. All other fields stay. So an incident that has ended stays ended, and
	// merging again, or in another order, changes nothing but the message.
	MergeIncidents(ctx context.Context, incidents []Incident) error
	// AcknowledgeIncident stores the acknowledgement of an incident and returns the incident. It changes nothing if the
	// incident has ended or is acknowledged already.
	AcknowledgeIncident(ctx context.Context, id string, a Acknowledgement) (Incident, error)
	Incident(ctx context.Context, id string) (Incident, error)
	// IncidentsByID returns the incidents with the given ids, in no particular order.
	IncidentsByID(ctx context.Context, ids []string) ([]Incident, error)
	// Incidents returns the incidents that f selects.
	Incidents(ctx context.Context, f IncidentFilter) ([]Incident, error)
	// OpenIncidents returns the open incidents of the given monitors, or of all monitors if monitorIDs is nil, in no
	// particular order.
	OpenIncidents(ctx context.Context, monitorIDs []string) ([]Incident, error)
	// CountOpenIncidents returns the number of open incidents. It is cheaper than reading them.
	CountOpenIncidents(ctx context.Context) (int, error)

	// PutSilence stores the silence of a monitor in place of its previous one.
	PutSilence(ctx context.Context, s Silence) error
	// Silences returns the silences that have not ended at now, ordered by the id of the monitor.
	Silences(ctx context.Context, now time.Time) ([]Silence, error)

	// IncidentHistory returns the position of the reconstruction of past incidents, empty before it has begun.
	IncidentHistory(ctx context.Context) (string, error)
	PutIncidentHistory(ctx context.Context, position string) error

	// PutHeartbeat stores a runner's heartbeat in place of its previous one.
	PutHeartbeat(ctx context.Context, r Runner) error
	// Runners returns the runners whose last heartbeat is not older than since, ordered by id.
	Runners(ctx context.Context, since time.Time) ([]Runner, error)
	// RemoveRunner deletes a runner's heartbeat.
	RemoveRunner(ctx context.Context, id string) error

	// Watch reports changes of a topic: after each change the channel receives at least one value; several changes may
	// share one. The channel closes when ctx ends, or when the store can report no more changes; then the caller watches
	// again. Watch returns [ErrWatchUnsupported] if the store cannot report changes at all.
	Watch(ctx context.Context, t Topic) (<-chan struct{}, error)
}
