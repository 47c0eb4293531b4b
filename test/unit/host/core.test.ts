import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { type FunctionCallback, type FunctionMetadata, FunctionsCore } from "../../../host/core.ts";

/** What `@azure/functions` and its hooks see. */
interface CoreModule {
  readonly version: string;
  readonly hostVersion: string;
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): { dispose(): unknown };
  registerHook(name: string, callback: () => void): unknown;
  setProgrammingModel(model: unknown): void;
  getProgrammingModel(): unknown;
  log(level: string, category: string, message: string): void;
  readonly Disposable: { from(...disposables: { dispose(): unknown }[]): { dispose(): unknown } };
}

const require = createRequire(import.meta.url);

function provided(): { core: FunctionsCore; module: CoreModule; logged: string[] } {
  const core = new FunctionsCore();
  const logged: string[] = [];
  core.provide((...line) => logged.push(line.join(" ")));
  return { core, module: require("@azure/functions-core") as CoreModule, logged };
}

function metadata(name: string): FunctionMetadata {
  return { name, bindings: {} };
}

describe("the core module of the Functions worker", () => {
  test("is found by whoever requires it, and other modules as ever", () => {
    const { module } = provided();
    expect(module.version).toMatch(/^1\./);
    expect(require("node:path")).toHaveProperty("join");
    expect(() => require("@azure/functions-core/none")).toThrow();
  });

  test("keeps what is registered, in order, until it is taken back", () => {
    const { core, module } = provided();
    const callback = () => 1;
    const first = module.registerFunction(metadata("first"), callback);
    module.registerFunction(metadata("second"), callback);
    expect(core.functions.map(({ metadata: { name } }) => name)).toEqual(["first", "second"]);
    expect(core.functions[0]?.callback).toBe(callback);
    first.dispose();
    expect(core.functions.map(({ metadata: { name } }) => name)).toEqual(["second"]);
    module.registerFunction(metadata("first"), callback);
    expect(core.functions).toHaveLength(2);
  });

  test("refuses a name that is taken, in whichever case", () => {
    const { module } = provided();
    module.registerFunction(metadata("v2_base"), () => 1);
    expect(() => module.registerFunction(metadata("V2_Base"), () => 2)).toThrow(
      "two functions are named V2_Base",
    );
  });

  test("takes nothing once requests are routed", () => {
    const { core, module } = provided();
    core.lock();
    expect(() => module.registerFunction(metadata("late"), () => 1)).toThrow(
      "the function late is registered after the start",
    );
  });

  test("has the programming model that the library set", () => {
    const { core, module } = provided();
    expect(() => core.model).toThrow("the application registered no function");
    const model = { name: "model" };
    module.setProgrammingModel(model);
    expect(core.model).toBe(model);
    expect(module.getProgrammingModel()).toBe(model);
  });

  test("hands on what the library tells of itself, and refuses hooks", () => {
    const { module, logged } = provided();
    module.log("debug", "system", "hello");
    expect(logged).toEqual(["debug system hello"]);
    expect(() => module.registerHook("preInvocation", () => {})).toThrow(
      "this host runs no preInvocation hooks",
    );
  });

  test("has disposables that are taken back together", () => {
    const { module } = provided();
    const done: number[] = [];
    module.Disposable.from({ dispose: () => done.push(1) }, { dispose: () => done.push(2) }).dispose();
    expect(done).toEqual([1, 2]);
  });
});
