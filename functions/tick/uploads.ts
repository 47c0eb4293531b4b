import type { TimerDoor } from "../door.ts";

/** Uploads that nobody will finish. */
export const uploadTimer: TimerDoor = { name: "tick_uploads", timer: "uploads", schedule: "0 17 * * * *" };
