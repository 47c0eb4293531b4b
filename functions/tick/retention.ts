import type { TimerDoor } from "../door.ts";

/** What lifecycle rules delete: each registry once a day, and a bounded part of it each time. */
export const retentionTimer: TimerDoor = {
  name: "tick_retention",
  timer: "retention",
  schedule: "45 */10 * * * *",
};
