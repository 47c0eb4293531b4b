import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const app = join(import.meta.dirname, "../../shared/app.ts");

/** Asks a registry that cannot start three times. */
const program = `
  const { answerRequest } = await import(${JSON.stringify(app)});
  const request = { method: "GET", url: "/v2/", headers: { get: () => null }, body: null };
  for (let count = 0; count < 3; count++) console.log((await answerRequest(request)).status);
`;

test("a start that fails is in the log with every setting that is wrong, once however many ask", async () => {
  const env = { ...process.env, LOG_LEVEL: "loud", SWEEP_SECONDS: "soon" };
  const options = ["--input-type=module", "--eval", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, options, { env });
  expect(stdout.trim().split("\n")).toEqual(["503", "503", "503"]);
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: "error", work: "start", error: expect.stringMatching(/^LOG_LEVEL is one of/) },
    { level: "error", work: "start", error: expect.stringMatching(/^SWEEP_SECONDS is a number/) },
  ]);
});
