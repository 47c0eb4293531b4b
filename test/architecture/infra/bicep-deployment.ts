/**
 * What a deployment of the templates makes: each resource with its values, as Azure would be asked for it. Nothing is asked of
 * Azure; what only Azure can tell of a resource has the form of it.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { readProjectFile } from "../project-files.ts";
import { functions, resourceIdOf, subscriptionId } from "./bicep-functions.ts";
import { type NestedResource, nested, parseBicep, type Statement } from "./bicep-parser.ts";
import type { Scope } from "./bicep-scope.ts";

type Properties = Readonly<Record<string, unknown>>;

export interface DeployedResource {
  readonly type: string;
  /** With those of what it is a part of. */
  readonly name: string;
  readonly id: string;
  /** The resource id of what it is in or on. */
  readonly scope: string;
  /** Everything else, as the template has it. */
  readonly body: Properties;
}

export interface Deployment {
  readonly resources: readonly DeployedResource[];
  readonly outputs: Properties;
}

/** A GUID, the same for the same words. */
function guidOf(...words: readonly string[]): string {
  const hex = createHash("sha256").update(words.join()).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

/** The ids by which an identity is known: where it asks for tokens, and where roles are given to it. */
export const clientIdOf = (identity: string): string => guidOf("client", identity);
export const principalIdOf = (identity: string): string => guidOf("principal", identity);

/** What Azure tells of a resource, by its path. */
const told: Readonly<Record<string, (name: string) => string>> = {
  "properties.ConnectionString": (name) =>
    `InstrumentationKey=${subscriptionId};IngestionEndpoint=https://${name}.example/`,
  "properties.clientId": clientIdOf,
  "properties.configuration.ingress.fqdn": (name) => `${name}.containers.example`,
  "properties.defaultDomain": () => "containers.example",
  "properties.defaultHostName": (name) => `${name}.azurewebsites.net`,
  "properties.documentEndpoint": (name) => `https://${name}.documents.azure.com:443/`,
  "properties.frontDoorId": (name) => guidOf("front door", name),
  "properties.hostName": (name) => `${name.split("/").at(-1)}.azurefd.net`,
  "properties.primaryEndpoints.blob": (name) => `https://${name}.blob.core.windows.net/`,
  "properties.primaryEndpoints.queue": (name) => `https://${name}.queue.core.windows.net/`,
  "properties.primaryEndpoints.table": (name) => `https://${name}.table.core.windows.net/`,
  "properties.principalId": principalIdOf,
  "properties.validationProperties.validationToken": (name) => `_token-of-${name}`,
  "properties.vaultUri": (name) => `https://${name}.vault.azure.net/`,
};

/** A resource that other parts of a template speak of. */
class Resource {
  readonly type: string;
  readonly name: string;
  readonly scope: string;
  readonly body: Properties;
  readonly children: ReadonlyMap<string, Resource>;

  constructor(type: string, body: Properties, scope: string, owner?: Resource) {
    const { name, parent, scope: on, ...rest } = body;
    const whole = owner ?? (parent instanceof Resource ? parent : undefined);
    this.type = owner === undefined ? type : `${owner.type}/${type}`;
    this.name = whole === undefined ? String(name) : `${whole.name}/${String(name)}`;
    this.scope = on instanceof Resource ? on.id : scope;
    if (on !== undefined && !(on instanceof Resource)) this.scope = String((on as Properties)["id"]);
    this.body = rest;
    const children = (body as { readonly [nested]?: ReadonlyMap<string, NestedResource> })[nested];
    this.children = new Lazy(
      children ?? new Map(),
      ({ target, body: of }) => new Resource(target, of() as Properties, scope, this),
    );
  }

  get id(): string {
    if (this.type === "Microsoft.Resources/resourceGroups")
      return `${this.scope}/resourceGroups/${this.name}`;
    return resourceIdOf(this.scope, this.type, this.name);
  }

  /** It, and all that is nested in it. */
  all(): readonly Resource[] {
    return [this, ...[...this.children.values()].flatMap((child) => child.all())];
  }
}

/** Values that are made when they are first asked for. */
class Lazy<From, To> extends Map<string, To> {
  readonly #from: ReadonlyMap<string, From>;
  readonly #make: (from: From) => To;

  constructor(from: ReadonlyMap<string, From>, make: (from: From) => To) {
    super();
    this.#from = from;
    this.#make = make;
  }

  override get(name: string): To | undefined {
    const from = this.#from.get(name);
    if (!super.has(name) && from !== undefined) this.set(name, this.#make(from));
    return super.get(name);
  }

  override values(): MapIterator<To> {
    for (const name of this.#from.keys()) this.get(name);
    return super.values();
  }
}

/** A part of a resource, which the template has or Azure tells. */
class Part {
  readonly of: Resource;
  readonly path: string;
  readonly value: unknown;

  constructor(of: Resource, path: string, value: unknown) {
    this.of = of;
    this.path = path;
    this.value = value;
  }

  /** @throws Error when nobody tells it */
  plain(): unknown {
    if (this.value !== undefined) return this.value;
    const tell = told[this.path];
    if (tell === undefined) throw new Error(`${this.of.type} has no ${this.path}`);
    return tell(this.of.name);
  }
}

/** One template with its parameters: the main one, or a module. */
class Template implements Scope {
  readonly #file: string;
  readonly #scopeId: string;
  readonly #given: Properties;
  readonly #statements: ReadonlyMap<string, Statement>;
  readonly #values = new Map<string, unknown>();
  readonly #modules: Template[] = [];

  constructor(file: string, given: Properties, scopeId: string) {
    this.#file = file;
    this.#given = given;
    this.#scopeId = scopeId;
    const statements = parseBicep(readProjectFile(file), file);
    this.#statements = new Map(statements.map((statement) => [nameOf(statement), statement]));
    const known = statements.filter(({ kind }) => kind === "param").map(({ name }) => name);
    const unknown = Object.keys(given).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`${file} has no parameter ${unknown.join()}`);
  }

  value(name: string): unknown {
    if (!this.#values.has(name)) this.#values.set(name, this.#evaluate(name));
    return this.#values.get(name);
  }

  call(name: string, given: readonly unknown[]): unknown {
    const run = functions[name];
    if (run === undefined) throw new Error(`${this.#file} calls ${name}, which is not known here`);
    const place = { file: this.#file, scopeId: this.#scopeId, text: (value: unknown) => this.text(value) };
    return run(given.map(plain), place);
  }

  member(of: unknown, name: string): unknown {
    if (of instanceof Template) return of.outputs;
    if (of instanceof Resource) {
      if (name === "id" || name === "name" || name === "type") return of[name];
      return of.children.get(name) ?? new Part(of, name, of.body[name]);
    }
    if (of instanceof Part)
      return new Part(of.of, `${of.path}.${name}`, (of.value as Properties | undefined)?.[name]);
    if (typeof of !== "object" || of === null)
      throw new Error(`${this.#file} asks ${String(of)} for ${name}`);
    return (of as Properties)[name];
  }

  text(value: unknown): string {
    const said = plain(value);
    if (!["string", "number", "boolean"].includes(typeof said))
      throw new Error(`${this.#file} has no text for ${JSON.stringify(said)}`);
    return String(said);
  }

  get outputs(): Properties {
    const names = [...this.#statements.values()]
      .filter(({ kind }) => kind === "output")
      .map(({ name }) => name);
    const outputs = {};
    for (const name of names)
      Object.defineProperty(outputs, name, {
        enumerable: true,
        get: () => plain(this.value(`output ${name}`)),
      });
    return outputs;
  }

  /** All that it and its modules make. */
  resources(): readonly Resource[] {
    const made: Resource[] = [];
    for (const [name, { kind, existing }] of this.#statements) {
      if (kind !== "resource" && kind !== "module") continue;
      const value = this.value(name);
      for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
        if (one instanceof Resource && !existing) made.push(...one.all());
    }
    return [...made, ...this.#modules.flatMap((module) => module.resources())];
  }

  #evaluate(name: string): unknown {
    const statement = this.#statements.get(name);
    if (statement === undefined) throw new Error(`${this.#file} has no ${name}`);
    const { kind, target, value } = statement;
    if (kind === "param" && name in this.#given) return this.#given[name];
    if (kind === "import")
      return new Template(join(dirname(this.#file), target), {}, this.#scopeId).value(name);
    if (value === undefined) throw new Error(`${this.#file} is not given ${name}`);
    const evaluated = value(this);
    if (kind === "resource")
      return each(evaluated, (body) => new Resource(target.split("@")[0] ?? "", body, this.#scopeId));
    if (kind === "module") return each(evaluated, (body) => this.#module(target, body));
    return evaluated;
  }

  #module(target: string, body: Properties): Template {
    const { scope, params } = body;
    const scopeId = scope instanceof Resource ? scope.id : this.#scopeId;
    const module = new Template(
      join(dirname(this.#file), target),
      plain(params ?? {}) as Properties,
      scopeId,
    );
    this.#modules.push(module);
    return module;
  }
}

function nameOf({ kind, name }: Statement): string {
  return kind === "output" ? `output ${name}` : name;
}

/** For a list, one by one; what is there only under a condition that is not met is left out, and keeps its place. */
function each<To>(evaluated: unknown, make: (body: Properties) => To): unknown {
  const one = (body: unknown) => (body === undefined ? undefined : make(body as Properties));
  return Array.isArray(evaluated) ? (evaluated as unknown[]).map(one) : one(evaluated);
}

/** The value with all parts of resources in it told. */
function plain(value: unknown): unknown {
  if (value instanceof Part) return plain(value.plain());
  if (Array.isArray(value)) return (value as unknown[]).map(plain);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

/** @throws Error when the templates ask for what is not there, or a parameter is missing or unknown */
export function deploy(parameters: Properties): Deployment {
  const given = { environmentName: "registry", location: "westeurope", ...parameters };
  const main = new Template("infra/main.bicep", given, `/subscriptions/${subscriptionId}`);
  const resources = main
    .resources()
    .map(({ type, name, id, scope, body }) => ({ type, name, id, scope, body: plain(body) as Properties }));
  return { resources, outputs: plain({ ...main.outputs }) as Properties };
}
