import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, sha256 } from "./harness/content.ts";
import { RawConnection, requestHead } from "./harness/raw-connection.ts";

const content = bytes(1000, 70);
const digest = sha256(content);

let folder: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-lifecycle-"));
});
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
}

function start(environment: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../dist/host/main.js")], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", DATA_DIR: join(folder, "data"), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  // Only then is everything read that it wrote.
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, output, ended };
}

async function portOf({ output, child }: Started): Promise<number> {
  while (!output.stdout.includes("\n")) {
    if (child.exitCode !== null) throw new Error(output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Number(/http:\/\/127\.0\.0\.1:([0-9]+) /.exec(output.stdout)?.[1]);
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) expect.fail("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.concurrent("when it starts", () => {
  test("it says where it listens and what to try, and logs one line a request", async () => {
    const registry = start({ LOG_LEVEL: "info" });
    const port = await portOf(registry);
    expect(registry.output.stdout).toMatch(
      new RegExp(
        `^Portolan listens on http://127\\.0\\.0\\.1:${port} .*\n.*docker push localhost:${port}/\\S+\n$`,
      ),
    );
    const connection = await RawConnection.open(port);
    connection.send(requestHead("GET /v2/a/tags/list", 'User-Agent: a"b\\c'));
    expect((await connection.reply()).status).toBe(404);
    await eventually(() => registry.output.stderr.includes('"event":"request"'));
    const lines = registry.output.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ event }) => event === "request")).toEqual([
      expect.objectContaining({
        level: "info",
        method: "GET",
        target: "/v2/a/tags/list",
        status: 404,
        bytesIn: 0,
        client: 'a"b\\c',
      }),
    ]);
  });

  test("a busy port is told in one line", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { ended, output } = start({ PORT: String(port), LOG_LEVEL: "silent" });
    expect(await ended).toBe(1);
    expect(output).toEqual({
      stdout: "",
      stderr: `portolan: port ${port} on 127.0.0.1 is in use; choose another by PORT\n`,
    });
    other.close();
  });

  test("a folder that cannot be used is told in one line", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    for (const path of [file, "/dev/null/below"]) {
      const { ended, output } = start({ DATA_DIR: path });
      expect(await ended).toBe(1);
      expect(output.stderr).toMatch(/^portolan: cannot keep data in \S+: [^\n]+\n$/);
      expect(output.stderr).toContain(path);
      expect(output.stdout).toBe("");
    }
  });

  test.each([
    [{ HOST: "0.0.0.0" }, /^portolan: HOST=0\.0\.0\.0 is not on the loopback, [^\n]+\n$/],
    [{ LOG_LEVEL: "loud" }, /^portolan: LOG_LEVEL is one of [^\n]+\n$/],
  ])("what it cannot do with %j is told in one line", async (environment, line) => {
    const { ended, output } = start(environment as Record<string, string>);
    expect(await ended).toBe(1);
    expect(output.stderr).toMatch(line);
    expect(output.stdout).toBe("");
  });
});

describe.concurrent("when it is told to end", () => {
  test("it finishes what is in flight, takes nothing new, and has kept what it acknowledged", async () => {
    const registry = start({ LOG_LEVEL: "silent" });
    const port = await portOf(registry);
    const idle = await RawConnection.open(port);
    idle.send(requestHead("GET /v2/"));
    await idle.reply();
    const busy = await RawConnection.open(port);
    busy.send(requestHead(`POST /v2/ending/blobs/uploads/?digest=${digest}`, "Content-Length: 1000"));
    busy.send(content.subarray(0, 500));
    await new Promise((resolve) => setTimeout(resolve, 100));
    registry.child.kill("SIGTERM");
    await idle.closed();
    await eventually(async () => !(await opens(port)));
    expect(registry.child.exitCode).toBeNull();
    busy.send(content.subarray(500));
    expect((await busy.reply()).status).toBe(201);
    expect(await registry.ended).toBe(0);

    const again = start({ LOG_LEVEL: "silent" });
    const connection = await RawConnection.open(await portOf(again));
    connection.send(requestHead(`GET /v2/ending/blobs/${digest}`));
    expect((await connection.reply()).body.equals(content)).toBe(true);
  });

  test("twice, it ends at once, as with two times Ctrl+C", async () => {
    const registry = start({ LOG_LEVEL: "silent" });
    const port = await portOf(registry);
    const busy = await RawConnection.open(port);
    busy.send(requestHead(`POST /v2/twice/blobs/uploads/?digest=${digest}`, "Content-Length: 1000"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    registry.child.kill("SIGINT");
    await eventually(async () => !(await opens(port)));
    registry.child.kill("SIGINT");
    expect(await registry.ended).toBe(1);
  });
});

async function opens(port: number): Promise<boolean> {
  return await RawConnection.open(port).then(
    (connection) => {
      connection.destroy();
      return true;
    },
    () => false,
  );
}
