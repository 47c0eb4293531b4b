import { redactText } from "./redact.ts";

/** Levels, least important first. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names of everything that is logged. */
export const logEvents = {
  /** One per request. */
  request: "request",
  /** An error that the registry did not expect; the client got a 500 with the same request id. */
  failure: "failure",
  /** Somebody asked for a token, and got one (info) or was refused (warn). */
  login: "login",
  start: "start",
  stop: "stop",
  upkeep: "upkeep",
  /** Telemetry could not be exported. */
  telemetry: "telemetry",
  /** What the Functions library tells of itself. */
  host: "host",
} as const;
export type LogEvent = keyof typeof logEvents;

/** Characters of one field that are written. */
const fieldCharsMax = 8 * 1024;

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes one JSON object per line. What fields hold of tokens, keys and signatures is left out. */
export interface Log {
  /** Whether lines of that level are written at all. */
  writes(level: LogLevel): boolean;
  write(level: LogLevel, event: LogEvent, fields: LogFields): void;
  /** Lines of an already known shape, formatted by the caller, without secrets or a line break. Ignored below the level. */
  writeLine(level: LogLevel, line: string): void;
  flush(): void;
}

let lastMillis = Number.NaN;
let lastText = "";

/** The present time in ISO 8601. Many lines share a millisecond, and its text. */
export function timestamp(): string {
  const now = Date.now();
  if (now !== lastMillis) {
    lastMillis = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
}

/** Bytes that are gathered before they are written, and ms that a line waits at most. */
const batchChars = 32 * 1024;
const batchMillis = 50;

/**
 * @param sink takes whole lines, in batches: one write a line would cost more than the request that it tells of
 * @param observer told of each line that is written
 */
export function createLog(
  level: LogLevel,
  sink: (lines: string) => void,
  observer?: (level: LogLevel, line: string) => void,
): Log {
  let buffer = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (buffer === "") return;
    const lines = buffer;
    buffer = "";
    sink(lines);
  };
  const least = logLevels.indexOf(level);
  const writes = (lineLevel: LogLevel) => logLevels.indexOf(lineLevel) >= least;
  const writeLine = (lineLevel: LogLevel, line: string) => {
    if (!writes(lineLevel)) return;
    observer?.(lineLevel, line);
    buffer += `${line}\n`;
    if (buffer.length >= batchChars) flush();
    else timer ??= setTimeout(flush, batchMillis);
  };
  return {
    writes,
    writeLine,
    write: (lineLevel, event, fields) => {
      if (!writes(lineLevel)) return;
      writeLine(
        lineLevel,
        JSON.stringify(
          { time: timestamp(), level: lineLevel, event: logEvents[event], ...fields },
          withoutSecrets,
        ),
      );
    },
    flush,
  };
}

function withoutSecrets(_name: string, value: unknown): unknown {
  return typeof value === "string" ? redactText(value.slice(0, fieldCharsMax)) : value;
}
