// The JSON that the API and the frontend host send.

export interface Config {
  API_ENDPOINT: string;
  /** Empty if sign-in is off. */
  AUTH_CLIENT_ID: string;
  AUTH_TENANT: string;
  /** Empty if the provider is Microsoft Entra. */
  AUTH_ISSUER: string;
  AUTH_AUDIENCE: string;
  AUTH_PROTECT_READS: boolean;
  VERSION: string;
  BUILD_INFO: string;
}

/** 0: OK. 1: error, the rule does not hold. 2: failed, the target did not respond. */
export type Status = 0 | 1 | 2;

export interface Monitor {
  id: string;
  name: string;
  type: string;
  /** A Go duration, for example 30s */
  interval: string;
  target: string;
  rule?: string;
  enabled: boolean;
  properties: Record<string, string>;
  group?: string;
  /** The values of the labels by key; absent if there are none. */
  labels?: Record<string, string>;
  /** RFC 3339 */
  updated: string;
}

/** How often a rule would have been violated by the stored results of a monitor. */
export interface RuleAnswer {
  from: string;
  to: string;
  /** The date of the oldest result; null if there is none. */
  oldest: string | null;
  /** Whether older results of the period are left out. */
  cut: boolean;
  checked: number;
  violated: number;
  /** The number of periods with violated results. */
  violations: number;
  unknown: number;
  /** What results do not contain. */
  missing: string[];
  ignored: number;
  failed: number;
  /** The newest periods, newest first. */
  periods: { from: string; to: string; results: number; message: string; status: Status }[];
}

/** A monitor of the list, with its latest result and its history, as the API sends it. */
export interface SentMonitor extends Monitor {
  latest: BriefResult | null;
  /** When the status of latest began; null without a result. */
  since: string | null;
  /** The history; null without a result. */
  series: Series | null;
  /** Absent if the response does not contain it. */
  summary?: Summary;
  /** Absent if the monitor is disabled or checked. */
  notChecked?: NotChecked;
  /** Whether a maintenance window of the monitor is active. Absent if not. */
  inMaintenance?: true;
  /** Until when nobody is notified. Absent if the monitor is not silenced. */
  silencedUntil?: string;
}

/** A monitor of the list, as the page keeps it. */
export interface ListedMonitor extends Omit<SentMonitor, 'series'> {
  /** Oldest first, with rounded dates and values unless the event stream has sent the result. */
  history: HistoryPoint[];
}

/** A history with a column for each member of its points, oldest first. Dates and values are rounded. */
export interface Series {
  /** The date of the first point. */
  start: string;
  /** The seconds from each point to the next one. */
  steps: number[];
  statuses: Status[];
  values: number[];
  /** Empty texts for results that count. Absent if all count. */
  excluded?: (IgnoreReason | '')[];
  /** Absent if no result has a warning. */
  warnings?: boolean[];
}

/** The figures of a monitor in the list. Null without data, or if they are not computed yet. */
export interface Summary {
  /** The uptime in percent, rounded down to hundredths. */
  uptime24h: number | null;
  uptime30d: number | null;
  /** The 95th percentile of the values of the last 24 hours. */
  p95: number | null;
}

/** Why a runner can't check a monitor. */
export interface NotChecked {
  /** What is wrong and what to do, without a full stop. */
  reason: string;
  /** The date of the first check that was not made. */
  since: string;
  /** The id of the runner. */
  runner: string;
}

/** Why a result does not count for uptime and incidents. */
export type IgnoreReason = 'maintenance' | 'blocked';

/** The part of a result that a bar shows. */
export interface Point {
  status: Status;
  value: number;
  /** Absent if the result counts. */
  excluded?: IgnoreReason;
  /** Whether the result has a warning. A result has the warning itself as its message instead. */
  warning?: boolean;
}

/** A check in the history of a monitor. */
export interface HistoryPoint extends Point {
  /** In milliseconds since 1970. */
  date: number;
}

export interface Result extends BriefResult {
  id: string;
  monitor_id: string;
  monitor_name: string;
  monitor_target: string;
}

/** A result at which the status changed. If it has expired, it has no id and nothing that a check finds. */
export interface ChangedResult extends Result {
  previous: 'ok' | 'error' | 'failed' | 'unchecked';
  /** When the status ended; absent if it has not ended. */
  until?: string;
  expired?: true;
}

/** How a monitor spent a day. */
export interface DayUptime {
  /** For example 2026-01-31. */
  date: string;
  /** In percent; null if no time was checked. */
  uptime: number | null;
  /** Seconds that were not OK. */
  down: number;
  /** Seconds with a status that counts. */
  checked: number;
}

/** A result without what the list does not show. Its outputs are only what the check searched for. */
export interface BriefResult extends Point {
  date: string;
  message: string;
  outputs: Record<string, number | string | boolean>;
}

/** The fields of a maintenance window that the user edits. */
export interface WindowDraft {
  id?: string;
  name: string;
  /** The ids of the monitors and the names of the groups to which the window applies. */
  monitors: string[];
  groups: string[];
  /** RFC 3339; a weekly window has neither start nor end. */
  start?: string;
  end?: string;
  weekly?: Weekly;
  /** Whether status pages show the window. Absent if not. */
  public?: true;
  /** The name on status pages, which show Planned maintenance without one. */
  publicName?: string;
}

/** A period that repeats every week, in local time of a zone. */
export interface Weekly {
  /** The weekdays on which the window starts: monday to sunday. */
  days: string[];
  /** The start time, for example 02:30. */
  at: string;
  /** A Go duration, for example 1h30m. */
  duration: string;
  zone: string;
}

export interface MaintenanceWindow extends WindowDraft {
  id: string;
  updated: string;
  /** Whether the window is active now. */
  active: boolean;
  /** The current or next period; absent if the window has ended. */
  next?: { start: string; end: string };
}

/** The fields of a status page that the user edits. */
export interface StatusPageDraft {
  slug: string;
  title: string;
  /** Markdown. */
  introduction?: string;
  /** An image as a data URL. */
  logo?: string;
  sections: StatusSection[];
  show: { uptime: boolean; responseTime: boolean; incidents: boolean };
  visibility: 'public' | 'password';
  /** Only in requests. */
  password?: string;
  /** Host names that show the page at their root. */
  hosts: string[];
  noindex: boolean;
  zone: string;
}

export interface StatusSection {
  title?: string;
  entries: StatusEntry[];
}

/** A line of a status page: a monitor, or all monitors of a group or with a label such as team=web. */
export interface StatusEntry {
  /** Part of the addresses of badges. Absent in a new entry. */
  id?: string;
  /** The public name. */
  name: string;
  monitor?: string;
  group?: string;
  label?: string;
}

export interface StatusPage extends StatusPageDraft {
  id: string;
  hasPassword: boolean;
  /** The ids of entries without a monitor, because it was deleted or nothing has the group or the label. */
  missing?: string[];
  updated: string;
}

export type MessageState = 'investigating' | 'identified' | 'monitoring' | 'resolved';

/** A text of an operator on a status page. */
export interface StatusMessageDraft {
  title: string;
  /** The ids of the affected entries. */
  entries: string[];
  /** Oldest first. */
  updates: StatusUpdate[];
}

export interface StatusMessage extends StatusMessageDraft {
  id: string;
  updated: string;
}

export interface StatusUpdate {
  date: string;
  state: MessageState;
  /** Markdown. */
  text: string;
}

/** A notification to one recipient. A failed delivery is not retried. */
export interface Delivery {
  /** The name of the channel, for example email. */
  channel: string;
  to: string;
  status: 'pending' | 'sent' | 'failed';
  /** The latest response of the server; empty before the first attempt. */
  answer: string;
  /** The date of the latest attempt; absent before the first one. */
  tried?: string;
}

/** A notification about a monitor, or a test notification. */
export interface Notification {
  id: string;
  kind: 'alert' | 'escalation' | 'reminder' | 'acknowledged' | 'recovery' | 'closed' | 'warning' | 'test';
  /** The number of the incident; each monitor counts from 1. */
  incident: number;
  monitor_id: string;
  monitor_name: string;
  monitor_target: string;
  status: Status;
  message: string;
  value: number;
  /** The date of the incident's first result that was not OK; absent in a test. */
  opened?: string;
  date: string;
  /** The date of the next attempt; absent if no delivery is pending. */
  next?: string;
  attempts: number;
  /** The number of enabled monitors that depend on this one, directly or indirectly; absent if there are none. */
  behind?: number;
  /** Present if the notification is not sent, because the monitor was silenced. */
  silenced?: boolean;
  deliveries: Delivery[];
}

/** Who takes care of an incident. */
export interface Acknowledgement {
  /** Empty while sign-in is off. */
  by: string;
  note: string;
  date: string;
}

/** The numbers of deliveries of an incident's notifications on one channel. */
export interface ChannelDeliveries {
  channel: string;
  sent: number;
  failed: number;
  pending: number;
  /** The newest answer to a delivery that has not been sent; absent if there is none. */
  answer?: string;
}

/** The time from the first result of a monitor that was not OK to its recovery. */
export interface Incident {
  id: string;
  /** Absent if the incident was reconstructed from status changes. */
  number?: number;
  monitor_id: string;
  /** The name and the group of the monitor at the opening; group is absent if it had none. */
  monitor_name: string;
  group?: string;
  firstNotOK: string;
  opened: string;
  /** Absent while it is open. */
  resolved?: string;
  /** Present if it ended because the monitor was disabled or deleted. */
  closed?: true;
  severity: 1 | 2;
  firstMessage: string;
  message: string;
  /** The ids of the monitors that depended on the monitor. */
  dependents: string[];
  acknowledgement?: Acknowledgement;
  /** Present if the incident is from before incidents were stored. */
  reconstructed?: true;
}

/** An incident of the list. */
export interface ListedIncident extends Incident {
  deliveries: ChannelDeliveries[];
  /** Present if nobody was notified of the opening, because the monitor was silenced. */
  silenced?: true;
}

export interface IncidentDetails extends Incident {
  /** Oldest first. */
  notifications: Notification[];
}

export interface IncidentChange {
  id: string;
  monitor_id: string;
  change: 'opened' | 'changed' | 'resolved';
  /** The number of open incidents after the change. */
  open: number;
}

export interface MonitorChange {
  id: string;
  change: 'created' | 'changed' | 'deleted';
}

/** The API has computed new figures for the list. */
export interface SummaryChange {
  date: string;
}

export interface Property {
  name: string;
  kind:
    | 'text'
    | 'longtext'
    | 'duration'
    | 'integer'
    | 'bytes'
    | 'percent'
    | 'bool'
    | 'choice'
    | 'regex'
    | 'stringmap'
    | 'expression';
  default?: string;
  doc: string;
  /** Whether the value is a secret; of a stringmap, the values are. Absent if not. */
  secret?: true;
  choices?: string[];
  /** The limits: of an integer, of a size in bytes, or of a duration in milliseconds. Absent or 0 means no limit. */
  min?: number;
  max?: number;
}

export interface Output {
  name: string;
  kind: string;
  unit?: string;
  /** The heading of a chart; only a number has one. */
  title?: string;
  doc: string;
  ruleOnly?: boolean;
}

/** A monitor type of GET /api/monitor-types. */
export interface Spec {
  type: string;
  title: string;
  doc: string;
  /** The results come from pings, and the target is a schedule. Absent if not. */
  push?: true;
  targetDoc: string;
  exampleTarget: string;
  valueDoc: string;
  properties: Property[];
  outputs: Output[];
  exampleRule: string;
  ruleHint: string;
}

/** What the API knows about the pings of a push monitor. */
export interface Pings {
  /** By when the next ping is due, grace time included; absent before a runner has the monitor. */
  deadline?: string;
  /** The first deadline that could not be judged. Absent if there is none. */
  notCheckedSince?: string;
  /** The runs that have not ended, oldest first. */
  runs: PushRun[];
  /** Newest first. */
  pings: Ping[];
}

export interface PushRun {
  rid?: string;
  started: string;
}

export interface Ping {
  id: string;
  date: string;
  kind: 'success' | 'fail' | 'start' | 'log';
  exitCode: number;
  rid?: string;
  /** Milliseconds since the start of the run; absent if no start is known. */
  duration?: number;
}

interface Latency {
  avg: number | null;
  min: number | null;
  max: number | null;
  p50: number | null;
  p95: number | null;
}

interface Counts {
  ok: number;
  error: number;
  failed: number;
}

export interface Bucket extends Latency, Counts {
  start: string;
}

/** A time during which a monitor was not OK. */
export interface Period {
  from: string;
  to: string;
  kind: 'error' | 'failed' | 'maintenance' | 'blocked' | 'disabled' | 'unchecked';
}

export interface Stats extends Latency {
  /** The requested period, for example 24h; absent if the request had from and to. */
  window?: string;
  from: string;
  to: string;
  /** A percentage; null without data. */
  uptime: number | null;
  /** The start of the uptime data; absent unless it is later than from. */
  uptimeFrom?: string;
  /** The seconds that do not count for uptime, for each reason. */
  maintenance: number;
  blocked: number;
  counts: Counts;
  p99: number | null;
  buckets: Bucket[];
  /** The longest periods, oldest first. */
  periods: Period[];
  /** The number of shorter ones. */
  omittedPeriods: number;
}

/** A numeric output: the values of each bucket; null without a value. */
export interface OutputSeries {
  name: string;
  title: string;
  /** Empty if the output has no unit. */
  unit: string;
  avg: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}

/** The numeric outputs of the results of a monitor in a time range. */
export interface Outputs {
  monitor_id: string;
  from: string;
  to: string;
  /** The date of the oldest result, if older ones have expired. */
  available: string | null;
  /** Whether only a part of the results was read. */
  sampled: boolean;
  /** The length of a bucket in seconds. */
  step: number;
  outputs: OutputSeries[];
  /** The limits in the rule. */
  thresholds: { output: string; operator: string; value: number }[];
}

/** The time in seconds, by what the monitor was. */
export interface ReportTimes {
  ok: number;
  error: number;
  failed: number;
  maintenance: number;
  blocked: number;
  disabled: number;
  notChecked: number;
}

export interface ReportedIncident {
  from: string;
  to: string;
  /** The time that was not OK. */
  seconds: number;
  status: 'error' | 'failed';
  /** Whether it began at the start of the period or before. Absent if not. */
  beganBefore?: true;
  /** Whether the monitor has not recovered by the end of the period. Absent if it has. */
  open?: true;
}

export interface ReportFigures {
  seconds: ReportTimes;
  /** A percentage; null if no time was checked. */
  uptime: number | null;
  /** The durations are seconds. Only the report on one monitor lists incidents. */
  incidents: { count: number; total: number; longest: number; list?: ReportedIncident[] };
}

/** The durations are seconds; left may be negative. */
export interface ErrorBudget {
  slo: number;
  allowed: number;
  used: number;
  left: number;
  burnRate: number | null;
}

export interface ReportLatency {
  avg: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  resolution: 'hour' | 'day';
  from: string;
  to: string;
}

export interface ReportedMonitor extends ReportFigures {
  id: string;
  name: string;
  group?: string;
  /** Absent unless it is later than the start of the period. */
  checkedFrom?: string;
  /** Absent if the monitor has no service level objective. */
  budget?: ErrorBudget;
  latency: ReportLatency | null;
}

export interface Report {
  from: string;
  to: string;
  /** The requested end; absent unless it is in the future. */
  end?: string;
  zone: string;
  /** The rule by which time is counted. */
  accounting: string;
  total: ReportFigures;
  monitors: ReportedMonitor[];
}

/** A monitor in an import plan. A monitor to add has an id only if the file contains one. */
export interface PlannedMonitor {
  id?: string;
  name: string;
  type: string;
  /** The names of the changed fields; only for a changed monitor. */
  fields?: string[];
}

/** The changes that an import would make. */
export interface ImportPlan {
  added: PlannedMonitor[];
  changed: PlannedMonitor[];
  removed: PlannedMonitor[];
  /** The number of unchanged monitors. */
  unchanged: number;
  /** What the import ignores, one text for each monitor. */
  warnings?: string[];
}

/** The state of the API and of the online runners. */
export interface ApiStatus {
  service: string;
  version: string;
  buildInfo: string;
  uptime: string;
  healthy: boolean;
  /** What is wrong with the store; absent while it is healthy. */
  problem?: string;
  store: string;
  runners: Runner[];
  /** The number of open incidents; absent while the store can't be read. */
  openIncidents?: number;
}

/** A live runner. */
export interface Runner {
  id: string;
  monitors: number;
  lastSeen: string;
  /** What is wrong with the runner itself, one sentence each; absent if there is no problem. */
  problems?: string[];
  /** The number of monitors that it can't check; absent if it can check all of them. */
  notCheckedMonitors?: number;
}

/** The description of an API key, without the key itself. */
export interface ApiKey {
  id: string;
  name: string;
  scope: 'read' | 'admin';
  created: string;
  /** Rounded down to the minute; absent before the first use. */
  lastUsed?: string;
}

/** The state of the event stream. unavailable: the API responds, but its store does not work. */
export type Connection = 'connecting' | 'live' | 'polling' | 'unavailable' | 'disconnected';
