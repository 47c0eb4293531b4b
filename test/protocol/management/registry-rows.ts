import { expect } from "vitest";
import type { Row } from "../harness/table.ts";

// Calls about registries, and what they are shown as.

export const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
export const provider = "providers/Microsoft.ContainerRegistry";
export const version = "api-version=2025-11-01";
/** The least that a registry is made of. */
export const whole = { location: "local", sku: { name: "Standard" } };

export function pathOf(group: string, name: string): string {
  return `${subscription}/resourceGroups/${group}/${provider}/registries/${name}`;
}

export function put(
  group: string,
  name: string,
  body: unknown,
  status: number,
  more: Partial<Row> = {},
): Row {
  return { call: `PUT ${pathOf(group, name)}?${version}`, body: JSON.stringify(body), status, ...more };
}

export function call(
  method: string,
  group: string,
  name: string,
  status: number,
  more: Partial<Row> = {},
): Row {
  return { call: `${method} ${pathOf(group, name)}?${version}`, status, ...more };
}

export function shown(
  group: string,
  name: string,
  sku: string,
  more: Readonly<Record<string, unknown>> = {},
) {
  return expect.objectContaining({
    id: pathOf(group, name),
    name,
    location: "local",
    sku: { name: sku, tier: sku },
    tags: {},
    properties: expect.objectContaining({
      loginServer: `${name}.localhost`,
      provisioningState: "Succeeded",
    }) as unknown,
    ...more,
  }) as unknown;
}
