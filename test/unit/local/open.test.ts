import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openLocalPorts } from "../../../shared/local/open.ts";
import { hmacSigner } from "../../../shared/system/world.ts";
import { newFolder } from "./folder.ts";

const moduleUrl = new URL("../../../shared/local/open.ts", import.meta.url).href;

describe("a data folder", () => {
  it("is made with those above it, for its owner alone", async () => {
    const folder = join(newFolder(), "a", "b");
    const { close } = await openLocalPorts(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "signer.key")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["blobs", "database", "signer.key"]);
    await close();
  });

  it("gets one secret when several processes start on it at once", async () => {
    const folder = join(newFolder(), "data");
    const program = `
      const { openLocalPorts } = await import(${JSON.stringify(moduleUrl)});
      const { ports, close } = await openLocalPorts(process.argv[1]);
      process.stdout.write(ports.signer.sign("text"));
      await close();`;
    const run = async () => {
      const flags = ["--input-type=module", "-e", program];
      return (await promisify(execFile)(process.execPath, [...flags, folder])).stdout;
    };
    const codes = await Promise.all([run(), run(), run(), run()]);
    expect(new Set(codes).size).toBe(1);
    expect(codes[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readFileSync(join(folder, "signer.key"))).toHaveLength(32);
    expect(readdirSync(folder).sort()).toEqual(["blobs", "database", "signer.key"]);
  });

  it("that cannot be used is refused in one line that names it", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    const damaged = newFolder();
    writeFileSync(join(damaged, "signer.key"), "short");
    const cases = [
      file,
      join(file, "below"),
      damaged,
      ...(process.platform === "linux" ? ["/proc/none"] : []),
    ];
    for (const folder of cases) {
      const opening = openLocalPorts(folder);
      await expect(opening, folder).rejects.toThrow(`cannot keep data in ${folder}: `);
      const message: unknown = await opening.catch((error: Error) => error.message);
      expect(String(message)).not.toContain("\n");
    }
  });

  it("whose database is not one is refused, too", async () => {
    const folder = newFolder();
    await (await openLocalPorts(folder)).close();
    writeFileSync(join(folder, "database", "data.mdb"), "this is no database".repeat(1_000));
    await expect(openLocalPorts(folder)).rejects.toThrow(`cannot keep data in ${folder}: `);
  });
});

describe("a signer", () => {
  const signer = hmacSigner(Buffer.alloc(32, 7));

  it("verifies what it signed, and nothing else", () => {
    const code = signer.sign("text");
    expect(signer.verify("text", code)).toBe(true);
    expect(signer.verify("text ", code)).toBe(false);
    expect(hmacSigner(Buffer.alloc(32, 8)).verify("text", code)).toBe(false);
    for (const other of ["", code.slice(1), `${code}=`, `${code} `, `${code}A`, code.replace(/.$/, "~")]) {
      expect(signer.verify("text", other), JSON.stringify(other)).toBe(false);
    }
  });

  it("takes no second spelling of a code", () => {
    const code = signer.sign("text");
    // The last of 43 characters carries two bits that decoding drops.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const accepted = [...alphabet].filter((last) => signer.verify("text", code.slice(0, -1) + last));
    expect(accepted).toEqual([code.slice(-1)]);
  });
});
