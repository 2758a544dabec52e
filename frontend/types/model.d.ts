// What the API and the frontend host send.

export interface Config {
  API_ENDPOINT: string;
  /** Empty while sign-in is off. */
  AUTH_CLIENT_ID: string;
  AUTH_TENANT: string;
  /** Empty where the provider is Microsoft Entra. */
  AUTH_ISSUER: string;
  AUTH_AUDIENCE: string;
  AUTH_PROTECT_READS: boolean;
  VERSION: string;
  BUILD_INFO: string;
}

/** 0 OK, 1 error: the rule doesn't hold, 2 failed: no answer. */
export type Status = 0 | 1 | 2;

export interface Monitor {
  id: string;
  name: string;
  type: string;
  /** A Go duration. */
  interval: string;
  target: string;
  rule?: string;
  enabled: boolean;
  properties: Record<string, string>;
  group?: string;
  /** RFC 3339. */
  updated: string;
}

/** A monitor of the list, asked for with its latest result and its history. */
export interface ListedMonitor extends Monitor {
  latest: Result | null;
  /** When the status of latest began; null without one. */
  since: string | null;
  history: Point[];
}

/** Why a result counts neither in uptime nor for alerts. */
export type Exclusion = 'maintenance' | 'blocked';

export interface Point {
  date: string;
  status: Status;
  value: number;
  /** Absent when it counts. */
  excluded?: Exclusion;
}

export interface Result extends Point {
  id: string;
  message: string;
  monitor_id: string;
  monitor_name: string;
  monitor_target: string;
  outputs: Record<string, number | string | boolean>;
}

/** A time in which some monitors are in maintenance, as it is entered. */
export interface WindowDraft {
  id?: string;
  name: string;
  /** The ids of the monitors that it is for, and the groups. */
  monitors: string[];
  groups: string[];
  /** RFC 3339; both are absent from a weekly one. */
  start?: string;
  end?: string;
  weekly?: Weekly;
}

/** A time that comes every week, by the clocks of a zone. */
export interface Weekly {
  /** Those on which it starts: monday to sunday. */
  days: string[];
  /** Such as 02:30. */
  at: string;
  /** A Go duration. */
  duration: string;
  zone: string;
}

export interface MaintenanceWindow extends WindowDraft {
  id: string;
  updated: string;
  /** Whether it is on. */
  active: boolean;
  /** When it is on now, or next; absent when it is over. */
  next?: { start: string; end: string };
}

/** What has become of a message on its way to one recipient. A failed one is not tried again. */
export interface Delivery {
  /** The name of the channel, such as email. */
  channel: string;
  to: string;
  status: 'pending' | 'sent' | 'failed';
  /** What the server said last; empty before the first attempt. */
  answer: string;
  /** Absent before the first attempt. */
  tried?: string;
}

/** A message about a monitor, or a test message. */
export interface Alert {
  id: string;
  kind: 'alert' | 'escalation' | 'reminder' | 'recovery' | 'closed' | 'test';
  /** Counts the incidents of the monitor from 1. */
  incident: number;
  monitor_id: string;
  monitor_name: string;
  monitor_target: string;
  status: Status;
  message: string;
  value: number;
  /** When the incident's first bad result came; absent in a test. */
  opened?: string;
  date: string;
  /** When it is to be sent, or tried again; absent when nothing is left to do. */
  next?: string;
  attempts: number;
  /** How many enabled monitors depend on this one, directly or through others; absent when none does. */
  behind?: number;
  deliveries: Delivery[];
}

export interface MonitorChange {
  id: string;
  change: 'created' | 'changed' | 'deleted';
}

export interface Property {
  name: string;
  kind: 'text' | 'longtext' | 'duration' | 'integer' | 'bytes' | 'bool' | 'choice' | 'regex' | 'stringmap';
  default?: string;
  doc: string;
  choices?: string[];
  /** The bounds of an integer or a size in bytes, in milliseconds of a duration; absent or 0 where there is none. */
  min?: number;
  max?: number;
}

export interface Output {
  name: string;
  kind: string;
  unit?: string;
  doc: string;
  ruleOnly?: boolean;
}

/** A monitor type, as GET /api/monitor-types describes it. */
export interface Spec {
  type: string;
  title: string;
  doc: string;
  targetDoc: string;
  exampleTarget: string;
  valueDoc: string;
  properties: Property[];
  outputs: Output[];
  exampleRule: string;
  ruleHint: string;
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

export interface Stats extends Latency {
  /** As it was asked for; absent when from and to were. */
  window?: string;
  from: string;
  to: string;
  /** A percentage; null when nothing is known. */
  uptime: number | null;
  /** From when on uptime is known, where that is later than from. */
  uptimeFrom?: string;
  /** Seconds that are left out of uptime, for either reason. */
  maintenance: number;
  blocked: number;
  counts: Counts;
  p99: number | null;
  buckets: Bucket[];
}

/** A monitor in an import's plan; one that is to be added has an id only if it carries one. */
export interface PlannedMonitor {
  id?: string;
  name: string;
  type: string;
  /** What differs, for a changed one. */
  fields?: string[];
}

/** What an import would do. */
export interface ImportPlan {
  added: PlannedMonitor[];
  changed: PlannedMonitor[];
  removed: PlannedMonitor[];
  /** How many stay as they are. */
  unchanged: number;
}

/** What the API tells of itself and of the live runners. */
export interface ApiStatus {
  service: string;
  version: string;
  buildInfo: string;
  uptime: string;
  healthy: boolean;
  store: string;
  runners: { id: string; monitors: number; lastSeen: string }[];
}

/** A key for scripts, but for the key itself. */
export interface ApiKey {
  id: string;
  name: string;
  scope: 'read' | 'admin';
  created: string;
  /** To the minute; absent before its first use. */
  lastUsed?: string;
}

/** What the page knows of its event stream. */
export type Connection = 'connecting' | 'live' | 'polling' | 'disconnected';
