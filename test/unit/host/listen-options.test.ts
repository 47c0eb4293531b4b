import { describe, expect, test } from "vitest";
import { explainListenError, readListenOptions } from "../../../host/listen-options.ts";

describe("where the host listens", () => {
  test("is port 5000 on the loopback when nothing is said", () => {
    expect(readListenOptions({})).toEqual({ host: "127.0.0.1", port: 5000 });
    expect(readListenOptions({ HOST: "", PORT: "" })).toEqual({ host: "127.0.0.1", port: 5000 });
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("may be %s", (host) => {
    expect(readListenOptions({ HOST: host, PORT: "0" })).toEqual({ host, port: 0 });
  });

  test.each([
    "0.0.0.0",
    "::",
    "*",
    "192.168.1.10",
    "10.0.0.1",
    "example.com",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "127.0.0.256",
    "127.999.0.1",
    "127.1",
    "::ffff:127.0.0.1",
    "LOCALHOST ",
    "[::1]",
    "fe80::1",
  ])("is not %s while the registry is open to anybody", (host) => {
    expect(() => readListenOptions({ HOST: host })).toThrow(
      `HOST=${host} is not on the loopback, and this registry is open to whoever reaches it; use 127.0.0.1`,
    );
  });

  test.each(["-1", "65536", "99999", "100000", "5000.0", "0x10", "http", " 80", "80 ", "1e3"])(
    "is not port %j",
    (port) => {
      expect(() => readListenOptions({ PORT: port })).toThrow(`PORT=${port} is not a port: use 0 to 65535`);
    },
  );

  test("may be any port", () => {
    expect(readListenOptions({ PORT: "65535" }).port).toBe(65_535);
  });
});

describe("why it cannot listen is told in one line", () => {
  const options = { host: "127.0.0.1", port: 80 };
  test.each([
    ["EADDRINUSE", "port 80 on 127.0.0.1 is in use; choose another by PORT"],
    ["EACCES", "port 80 on 127.0.0.1 needs more rights; choose another by PORT"],
    ["EADDRNOTAVAIL", "cannot listen on 127.0.0.1 port 80: listen failed"],
  ])("%s", (code, message) => {
    expect(explainListenError(Object.assign(new Error("listen failed"), { code }), options).message).toBe(
      message,
    );
  });

  test("whatever was thrown", () => {
    expect(explainListenError("odd", options).message).toBe("cannot listen on 127.0.0.1 port 80: odd");
  });
});
