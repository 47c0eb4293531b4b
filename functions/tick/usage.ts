import type { TimerDoor } from "../door.ts";

/** Usage figures that are old enough to be counted anew. */
export const usageTimer: TimerDoor = { name: "tick_usage", timer: "usage", schedule: "0 37 * * * *" };
