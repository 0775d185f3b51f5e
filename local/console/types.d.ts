// What `local` answers under `/console/`, as far as the page reads it. Times are seconds since 1970
// unless said otherwise, durations are seconds.

/** The answer of `/console/state?minutes=N`. */
export interface State {
  /** The URL of the REST API. */
  api: string;
  /** A command to try the template with: its output `TestCommand`, for the API on this machine. */
  testCommand?: string | null;
  /** The functions' names. */
  functions: string[];
  services: Service[];
  /** The newest traces, newest first, not all of them: see `traceCount`. */
  traces: TraceRow[];
  traceCount: number;
  notifications: Notification[];
  notificationCount: number;
  deadLetters: DeadLetter[];
  deadLetterCount: number;
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
  aws?: { operation?: string; table_name?: string };
  cause?: { exceptions?: { type?: string; message?: string }[] };
}

export interface LogLine {
  /** RFC 3339. */
  time: string;
  function: string;
  level: string;
  message: string;
  fields: string;
}

/** An event as the bus took it. */
export interface EventRecord {
  event: { id: string; source: string; "detail-type": string };
  /** The rules that matched it. */
  rules: string[];
}
