import type { TimerDoor } from "../door.ts";

/** What nothing points at any more, and what was deleted long enough ago. */
export const collectionTimer: TimerDoor = {
  name: "tick_collection",
  timer: "collection",
  schedule: "30 */10 * * * *",
};
