import { join } from "node:path";
import type { Place } from "../domain/place.ts";

const container = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const name = /^u\/\d{4}-\d\d-\d\d\/[A-Za-z0-9_-]{1,128}$/;
const nonce = /^[A-Za-z0-9_-]{1,64}$/;

// The files of one blob lie side by side: `<id>` holds its bytes, and `<id>+<offset>` those of further requests, from that
// offset on. `<id>.<nonce>` is what one request staged. Neither `.` nor `+` occurs in an id.

/**
 * The file of a place below `root`.
 * @throws Error when the place is not of the form that `domain/place.ts` gives: names come from documents, but must never
 * lead out of the folder
 */
export function pathOf(root: string, place: Place): string {
  if (!container.test(place.container) || !name.test(place.name)) {
    throw new Error(`not a place: ${JSON.stringify([place.container, place.name]).slice(0, 200)}`);
  }
  return join(root, place.container, place.name);
}

/** @param path of the place @param start of the part in the blob, in bytes */
export function partPath(path: string, start: number): string {
  return start === 0 ? path : `${path}+${start}`;
}

/** @throws Error when the nonce cannot be part of a file's name */
export function runPath(path: string, runNonce: string): string {
  if (!nonce.test(runNonce)) throw new Error("not a nonce");
  return `${path}.${runNonce}`;
}
