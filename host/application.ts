import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** What the host reads of an application's files, as the Functions runtime does. */
export interface Application {
  /** URL of the module that registers the functions: `main` of package.json. */
  readonly main: string;
  readonly routePrefix: string;
  readonly customHeaders: Readonly<Record<string, string>>;
}

interface HostJson {
  readonly extensions?: {
    readonly http?: {
      readonly routePrefix?: string;
      readonly customHeaders?: Readonly<Record<string, string>>;
    };
  };
}

/** @param from a folder in the application; the nearest one above with a host.json is its root */
export function readApplication(from: string): Application {
  const root = findRoot(from);
  const host = JSON.parse(readFileSync(join(root, "host.json"), "utf8")) as HostJson;
  const { main } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { main: string };
  const http = host.extensions?.http;
  return {
    main: pathToFileURL(join(root, main)).href,
    routePrefix: http?.routePrefix ?? "api",
    customHeaders: http?.customHeaders ?? {},
  };
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      readFileSync(join(folder, "host.json"));
      return folder;
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
  }
}
