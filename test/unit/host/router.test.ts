import { describe, expect, test } from "vitest";
import type { RegisteredFunction } from "../../../host/core.ts";
import { Router } from "../../../host/router.ts";

function httpFunction(name: string, route?: string, methods?: readonly string[]): RegisteredFunction {
  const trigger = {
    type: "httpTrigger",
    direction: "in",
    ...(route === undefined ? {} : { route }),
    ...(methods === undefined ? {} : { methods }),
  };
  return { metadata: { name, bindings: { trigger } }, callback: () => name };
}

function found(router: Router, method: string, path: string): string | undefined {
  return router.find(method, path)?.metadata.name;
}

describe("functions are found as the Functions runtime finds them", () => {
  test("in the order of their names, whatever their case and whatever is special about a route", () => {
    const names = ["b_literal", "C_any", "a_any"];
    const routes = ["v2/x", "v2/{*rest}", "v2/{one}"];
    const router = new Router(
      names.map((name, index) => httpFunction(name, routes[index], ["GET"])),
      "",
    );
    expect(found(router, "GET", "v2/x")).toBe("a_any");
    expect(found(router, "GET", "v2/x/y")).toBe("C_any");
    const other = new Router([httpFunction("B", "{*all}", ["GET"]), httpFunction("a", "{one}", ["GET"])], "");
    expect(found(other, "GET", "x")).toBe("a");
  });

  test("by their methods, of which none is implied, and never with a 405", () => {
    const router = new Router(
      [httpFunction("only_get", "a", ["get"]), httpFunction("rest", "{*all}", ["PUT"])],
      "",
    );
    expect(found(router, "GET", "a")).toBe("only_get");
    expect(found(router, "HEAD", "a")).toBeUndefined();
    expect(found(router, "PUT", "a")).toBe("rest");
  });

  test("with GET and POST where no methods are given, and the name where no route is", () => {
    const router = new Router([httpFunction("hello")], "");
    expect(found(router, "GET", "hello")).toBe("hello");
    expect(found(router, "POST", "HELLO/")).toBe("hello");
    expect(found(router, "PUT", "hello")).toBeUndefined();
  });

  test("below the prefix of host.json", () => {
    const router = new Router([httpFunction("hello", "a/{*rest}")], "api");
    expect(found(router, "GET", "api/a/b")).toBe("hello");
    expect(found(router, "GET", "a/b")).toBeUndefined();
  });

  test("only if they have an HTTP trigger", () => {
    const timer = { metadata: { name: "t", bindings: { x: { type: "timerTrigger", direction: "in" } } } };
    const router = new Router([{ ...timer, callback: () => undefined }], "");
    expect(found(router, "GET", "t")).toBeUndefined();
  });
});

describe("two functions with one route", () => {
  test("are refused when they share a method", () => {
    const both = [httpFunction("a", "x/{y}", ["GET", "PUT"]), httpFunction("b", "X/{Y}", ["PUT"])];
    expect(() => new Router(both, "")).toThrow("a and b have the same route, PUT x/{y}");
    const implied = [httpFunction("a", "x"), httpFunction("b", "x", ["POST"])];
    expect(() => new Router(implied, "")).toThrow(/have the same route/);
  });

  test("are two when they share none", () => {
    const router = new Router([httpFunction("a", "x", ["GET"]), httpFunction("b", "x", ["PUT"])], "");
    expect([found(router, "GET", "x"), found(router, "PUT", "x")]).toEqual(["a", "b"]);
  });
});
