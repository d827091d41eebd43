import { channel } from "node:diagnostics_channel";

/** What of the library's log is wanted: events of this level and those before it. */
export type LogLevel = "off" | "error" | "warn" | "info" | "debug" | "trace";

/** The library's levels in their order. */
export const logLevels: readonly LogLevel[] = ["off", "error", "warn", "info", "debug", "trace"];

/** One event of the library's log, published on the diagnostics channel `lgstore:log`. */
export interface LogEvent {
  level: Exclude<LogLevel, "off">;
  /** When it happened. */
  ts: Date;
  /** The part of the library that speaks. */
  target: string;
  message: string;
  /** What else the event says. */
  [field: string]: unknown;
}

const log = channel("lgstore:log");

/** Called for each event; `dropped` so many before it were lost, as they came faster than they were taken. */
export function receiveLog(level: number, dropped: number, text: string): void {
  if (!log.hasSubscribers) return;
  if (dropped > 0) publish("warn", { target: "lgstore::node", message: `${dropped} log events were dropped` });
  publish(logLevels[level] as LogEvent["level"], JSON.parse(text));
}

function publish(level: LogEvent["level"], event: { target: string; message: string; ts?: string }): void {
  log.publish({ ...event, level, ts: event.ts === undefined ? new Date() : new Date(event.ts) } satisfies LogEvent);
}
