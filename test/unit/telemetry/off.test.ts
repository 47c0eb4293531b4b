import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const run = promisify(execFile);
const app = join(import.meta.dirname, "../../../shared/app.ts");

/** Answers one request in a process of its own. @returns modules of OpenTelemetry that it loaded */
async function loaded(environment: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-off-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const program = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({
      load(url, context, next) {
        if (/opentelemetry/.test(url)) seen.push(url);
        return next(url, context);
      },
    });
    const { sharedApp } = await import(${JSON.stringify(app)});
    const app = await sharedApp();
    const headers = { get: (name) => (name === "host" ? "localhost" : null) };
    const { status } = await app.handle({ method: "GET", url: "/v2/a/manifests/v1", headers, body: null });
    if (status !== 404) throw new Error("the request was answered " + status);
    await app.close();
    process.stdout.write(JSON.stringify(seen));
  `;
  const env = { PATH: process.env["PATH"], DATA_DIR: folder, LOG_LEVEL: "silent", ...environment };
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { env });
  return JSON.parse(stdout) as string[];
}

test("telemetry that is off loads none of its libraries", async () => {
  expect(await loaded({})).toEqual([]);
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver.stop());
  const on = await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
  expect(on.some((url) => url.includes("@opentelemetry/sdk-trace-base"))).toBe(true);
  expect(on.some((url) => url.includes("@azure/monitor"))).toBe(false);
});
