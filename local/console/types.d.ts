// What `local` answers under `/console/`, as far as the page reads it. Times are seconds since 1970
// unless said otherwise, durations are seconds.

/** The answer of `/console/state`; its lists are there if they were asked for. */
export interface State {
  /** The URL of the REST API. */
  api: string;
  /** A command to try the template with: its output `TestCommand`, for the API on this machine. */
  testCommand?: string | null;
  /** The functions' names. */
  functions: string[];
  services?: Service[];
  /** One page of the traces, newest first. */
  traces?: TraceRow[];
  /** How many datagrams the X-Ray daemon's port lost: the traces lack what was in them. */
  lostDatagrams?: number;
  /** How many traces match. */
  traceCount: number;
  /** How many of them are on earlier pages. */
  traceOffset?: number;
  /** After which trace the page before begins. */
  traceNewer?: string | null;
  filterError?: FilterError;
  notifications?: List<Notification>;
  notificationCount: number;
  deadLetters?: List<DeadLetter>;
  deadLetterCount: number;
  events?: List<EventRecord>;
  logs?: List<LogLine>;
  invocations?: List<RunRecord>;
}

/** A page of a list, newest first. */
export interface List<T> {
  rows: (T & Traced & { key: string })[];
  /** How many there are on all pages. */
  count: number;
  /** How many are kept, of any time. */
  kept: number;
  /** How many are on the pages before. */
  offset: number;
  /** After which entry the page before begins; null where there is none. */
  newer: string | null;
}

/** What is wrong with the filter expression, and where, counted from 1. */
export interface FilterError {
  line: number;
  position: number;
  message: string;
}

export interface Traced {
  /** The trace that it belongs to, where it belongs to one. */
  trace_id?: string | null;
  /** Whether that trace can be looked at. */
  traced: boolean;
}

/** One run of a function's code. */
export interface RunRecord {
  id: string;
  function: string;
  request_id: string;
  /** RFC 3339. */
  time: string;
  duration: number;
  cold: boolean;
  error: string | null;
}

/** The answer of `/console/subject`: how a node or an edge of the map answered. */
export interface SubjectAnswer {
  count: number;
  ok: number;
  error: number;
  throttle: number;
  fault: number;
  /** How long they were counted: the time that is asked for, or since the first of them. */
  seconds: number;
  percentiles: { percent: number; time: number }[];
  histogram: { from: number; to: number; count: number }[];
  causes: { cause: string; count: number; status: string; trace: string }[];
}

export type Scalar = string | number | boolean;

/** What says how a request or a part of it went. */
export interface Flags {
  fault?: boolean;
  error?: boolean;
  throttle?: boolean;
  partial?: boolean;
}

export interface TraceRow extends Flags {
  id: string;
  start: number;
  /** Until the last of its segments ended. */
  duration: number;
  /** Until the client had its answer. */
  responseTime: number;
  /** X-Ray's summary of the request; null for a trace without a root. */
  http: { HttpMethod?: string; HttpURL?: string; HttpStatus?: number } | null;
  /** The root segment's name. */
  name: string | null;
  annotations?: Record<string, Scalar>;
}

/** A node of the service map, as GetServiceGraph answers it. */
export interface Service {
  ReferenceId: number;
  Name: string;
  Type?: string;
  State?: string;
  /** Clients have none. */
  SummaryStatistics?: Statistics;
  Edges: Edge[];
}

export interface Edge {
  /** The service that is called. */
  ReferenceId: number;
  SummaryStatistics: Statistics;
}

export interface Statistics {
  OkCount: number;
  ErrorStatistics: { ThrottleCount: number; OtherCount: number; TotalCount: number };
  FaultStatistics: { TotalCount: number };
  TotalCount: number;
  TotalResponseTime: number;
}

export interface Notification {
  id: string;
  /** RFC 3339. */
  time: string;
  subject: string;
  message: string;
  trace_id: string | null;
}

export interface DeadLetter {
  id: string;
  queue: string;
  /** RFC 3339. */
  time: string;
  reason: string;
  attributes: unknown;
  body: unknown;
  trace_id: string | null;
}

/** The answer of `/console/traces/ID`. */
export interface Trace {
  id: string;
  start: number;
  duration: number;
  partial: boolean;
  /** Whether it is larger than X-Ray keeps, so that parts are missing. */
  limitExceeded: boolean;
  services: Service[];
  nodes: Span[];
  logs: LogLine[];
  events: EventRecord[];
  deadLetters: DeadLetter[];
  /** The traces that it names, and those that name it. */
  linksTo: Link[];
  linkedFrom: Link[];
}

export interface Link {
  id: string;
  /** What it is named as. */
  name: string;
  traced: boolean;
}

/** A segment or subsegment. */
export interface Span extends Flags {
  id: string;
  /** Its parent's place in the list of nodes. */
  parent: number | null;
  /** An inferred segment repeats a call from the side of the service that was called. */
  kind: "segment" | "subsegment" | "inferred";
  /** Whether its parent has not arrived. */
  orphaned: boolean;
  start: number;
  end: number | null;
  name?: string;
  origin?: string;
  namespace?: string;
  annotations?: Record<string, Scalar>;
  metadata?: Record<string, unknown>;
  http?: { request?: Record<string, unknown>; response?: Record<string, unknown> };
  aws?: { operation?: string; table_name?: string; request_id?: string };
  /** The exceptions; a text is the id of one that another span has. */
  cause?: { exceptions?: Exception[] } | string;
}

export interface Exception {
  id?: string;
  /** The id of what caused it. */
  cause?: string;
  type?: string;
  message?: string;
  stack?: { path?: string; line?: number; label?: string }[];
}

export interface LogLine {
  /** RFC 3339. */
  time: string;
  function: string;
  level: string;
  message: string;
  fields: string;
  /** The invocation, where the line says so. */
  request_id?: string | null;
}

/** An event as the bus took it. */
export interface EventRecord {
  event: { id: string; source: string; "detail-type": string };
  /** The rules that matched it. */
  rules: string[];
  /** When the bus took it, RFC 3339. */
  time: string;
  /** The span that published it. */
  parent_id?: string | null;
}
