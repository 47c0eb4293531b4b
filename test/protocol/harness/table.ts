import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  errorTable,
  type ManagementErrorCode,
  type RegistryErrorCode,
} from "../../../shared/domain/errors.ts";
import { openBuiltRegistry } from "./built-registry.ts";
import { openFunctionsRuntime } from "./functions-runtime.ts";
import { openMemoryRegistry } from "./memory-registry.ts";
import type { Answer, Call, Registry, RegistryOptions } from "./registry.ts";

type Content = string | Uint8Array;

/**
 * A call and what must come back. In every text of a row, `{repo}` and `{other}` stand for two repositories that only this
 * case uses, and other names in braces for what earlier rows kept.
 */
export interface Row {
  /** `METHOD target` */
  readonly call: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Content;
  /** A body in chunks, without a length. */
  readonly streamed?: readonly Content[];
  readonly status: number;
  /** The code of the one error in the body; undefined: the body is no error. */
  readonly code?: RegistryErrorCode;
  /** The code of the error in the body, where it has the shape of Azure Resource Manager. */
  readonly managementCode?: ManagementErrorCode;
  /** Headers of the answer, exactly or by pattern; null: not there. */
  readonly answers?: Readonly<Record<string, string | RegExp | null>>;
  /** The body, byte for byte. */
  readonly bytes?: Content;
  /** The body as JSON, or what it must be like. */
  readonly json?: unknown;
  /** Lists in the body, in whichever order. */
  readonly members?: Readonly<Record<string, readonly unknown[]>>;
  /** Keeps headers of the answer, or what a pattern finds in them: name in braces -> header. */
  readonly keep?: Readonly<Record<string, string | readonly [string, RegExp]>>;
}

export interface Case {
  readonly name: string;
  readonly rows: readonly Row[];
}

export interface TableOptions extends RegistryOptions {
  /** Once more behind the Functions library's invocation model and stream server, which is several times slower. */
  readonly throughLibrary?: boolean;
}

type Way = readonly [name: string, open: (options: RegistryOptions) => Promise<Registry>];
const ways: readonly Way[] = [
  ["the built registry", openBuiltRegistry],
  ["serve on the memory ports", openMemoryRegistry],
];
const library: Way = [
  "the doors behind the Functions library",
  async () => await openFunctionsRuntime({ application: "on memory", guard: true }),
];

/** Runs each case against the built registry and in process. */
export function runTable(cases: readonly Case[], options: TableOptions = {}): void {
  describe.each(options.throughLibrary === true ? [...ways, library] : ways)("%s", (_, open) => {
    let registry: Registry;
    beforeAll(async () => {
      registry = await open(options);
    });
    afterAll(async () => {
      await registry.close();
    });
    for (const { name, rows } of cases) {
      test(name, async () => {
        await runRows(registry, rows);
      });
    }
  });
}

let casesRun = 0;

/** Plays the rows one after the other. */
export async function runRows(registry: Registry, rows: readonly Row[]): Promise<void> {
  const name = `case-${process.pid.toString(36)}/n${casesRun++}`;
  const kept = new Map([
    ["repo", name],
    ["other", `${name}/other`],
  ]);
  for (const row of rows) {
    const answer = await registry.send(callOf(row, kept));
    expect(answer.headers).toMatchObject(registry.everyAnswer);
    check(row, answer, kept);
    for (const [variable, from] of Object.entries(row.keep ?? {})) {
      const [header, part] = typeof from === "string" ? [from, /.*/] : from;
      kept.set(variable, part.exec(answer.headers[header] ?? "")?.[0] ?? "");
    }
  }
}

function callOf(row: Row, kept: ReadonlyMap<string, string>): Call {
  const space = row.call.indexOf(" ");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(row.headers ?? {})) headers[name] = filled(value, kept);
  const pieces = row.streamed ?? (row.body === undefined ? undefined : [row.body]);
  return {
    method: row.call.slice(0, space),
    target: filled(row.call.slice(space + 1), kept),
    headers,
    body: pieces?.map((piece) =>
      typeof piece === "string" ? Buffer.from(filled(piece, kept)) : Buffer.from(piece),
    ),
    streamed: row.streamed !== undefined,
  };
}

function filled(text: string, kept: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => kept.get(name) ?? whole);
}

function filledJson(value: unknown, kept: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return filled(value, kept);
  if (Array.isArray(value)) return value.map((item) => filledJson(item, kept));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledJson(item, kept)]));
}

function check(row: Row, answer: Answer, kept: ReadonlyMap<string, string>): void {
  const what = `${filled(row.call, kept).slice(0, 200)} -> ${answer.body.subarray(0, 300).toString("latin1")}`;
  expect(answer.status, what).toBe(row.status);
  const head = row.call.startsWith("HEAD ");
  checkLength(answer, head, what);
  if (head) expect(answer.body.byteLength, what).toBe(0);
  else checkError(row, answer, what);
  for (const [name, wanted] of Object.entries(row.answers ?? {})) {
    const actual = answer.headers[name];
    if (wanted === null) expect(actual, `${name} of ${what}`).toBeUndefined();
    else if (typeof wanted === "string") expect(actual, `${name} of ${what}`).toBe(filled(wanted, kept));
    else expect(actual, `${name} of ${what}`).toMatch(wanted);
  }
  if (row.bytes !== undefined) expect(answer.body.equals(Buffer.from(row.bytes)), what).toBe(true);
  if (row.json !== undefined) {
    expect(JSON.parse(answer.body.toString()), what).toEqual(filledJson(row.json, kept));
  }
  for (const [name, wanted] of Object.entries(row.members ?? {})) {
    const actual = (JSON.parse(answer.body.toString()) as Record<string, unknown[]>)[name];
    expect(actual, what).toHaveLength(wanted.length);
    expect(actual, what).toEqual(expect.arrayContaining([...wanted]));
  }
}

/** Whatever is sent says how long it is, so that a client notices what it lost. */
function checkLength(answer: Answer, head: boolean, what: string): void {
  const length = answer.headers["content-length"];
  if (answer.status === 204 || answer.status === 304) {
    expect(length, what).toBeUndefined();
    expect(answer.body.byteLength, what).toBe(0);
  } else {
    expect(length, what).toMatch(/^[0-9]+$/);
    if (!head) expect(Number(length), what).toBe(answer.body.byteLength);
  }
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
function checkError(row: Row, answer: Answer, what: string): void {
  if (row.managementCode !== undefined) {
    const error = { code: row.managementCode, message: expect.stringMatching(/\S/) as unknown };
    expect(JSON.parse(answer.body.toString()), what).toEqual({ error });
    return;
  }
  if (row.code === undefined) {
    if (row.status >= 400) expect(answer.body.byteLength, what).toBe(0);
    return;
  }
  expect(answer.headers["content-type"], what).toBe("application/json");
  const document = JSON.parse(answer.body.toString()) as { errors: { code: string; message: string }[] };
  expect(Object.keys(document), what).toEqual(["errors"]);
  expect(document.errors, what).toHaveLength(1);
  for (const error of document.errors) {
    expect(error.code, what).toBe(row.code);
    expect(Object.keys(errorTable), what).toContain(error.code);
    expect(error.message, what).toMatch(/\S/);
    for (const key of Object.keys(error)) expect(["code", "message", "detail"], what).toContain(key);
  }
}
