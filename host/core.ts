import Module from "node:module";

/** A trigger or binding of a function, as `@azure/functions` describes it. */
export interface Binding {
  readonly type: string;
  readonly direction: string;
  readonly name?: string;
  readonly methods?: readonly string[];
  readonly route?: string;
  readonly queueName?: string;
  readonly schedule?: string;
}

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;

/** A function that the application registered. */
export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** What the library brings to run invocations the way that the Functions worker does. */
export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: unknown): unknown;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

type CoreLog = (level: string, category: string, message: string) => void;

/**
 * The module `@azure/functions-core`, which the Functions worker provides and `@azure/functions` requires: it takes
 * registrations. There is one a process, since the library keeps it.
 */
export class FunctionsCore {
  readonly functions: RegisteredFunction[] = [];
  #model: ProgrammingModel | undefined;
  #locked = false;

  get model(): ProgrammingModel {
    if (this.#model === undefined) throw new Error("the application registered no function");
    return this.#model;
  }

  /** No function may be registered once requests are routed. */
  lock(): void {
    this.#locked = true;
  }

  /** Lets `require("@azure/functions-core")` find this. @param log takes what the library tells of itself */
  provide(log: CoreLog): void {
    const api = this.#api(log);
    const original = Module.prototype.require;
    Module.prototype.require = function (this: Module, id: string): unknown {
      return id === "@azure/functions-core" ? api : Reflect.apply(original, this, [id]);
    } as NodeJS.Require;
  }

  #api(log: CoreLog): Record<string, unknown> {
    return {
      version: "1.0.0",
      hostVersion: "4.1037.0",
      Disposable,
      log,
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
        this.#register(metadata, callback),
      // Nothing here uses hooks; whoever registers one is told, rather than left to wonder.
      registerHook: (name: string) => {
        throw new Error(`this host runs no ${name} hooks`);
      },
      setProgrammingModel: (model: ProgrammingModel) => {
        this.#model = model;
      },
      getProgrammingModel: () => this.model,
    };
  }

  #register(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    if (this.#locked) throw new Error(`the function ${metadata.name} is registered after the start`);
    const name = metadata.name.toLowerCase();
    if (this.functions.some((known) => known.metadata.name.toLowerCase() === name)) {
      throw new Error(`two functions are named ${metadata.name}`);
    }
    const registered = { metadata, callback };
    this.functions.push(registered);
    return new Disposable(() => this.functions.splice(this.functions.indexOf(registered), 1));
  }
}

/** Takes a registration back. */
class Disposable {
  readonly #release: () => unknown;

  constructor(release: () => unknown) {
    this.#release = release;
  }

  static from(...disposables: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  dispose(): unknown {
    return this.#release();
  }
}
