import type { TimerDoor } from "../door.ts";

/** Events that no message told of. */
export const eventTimer: TimerDoor = { name: "tick_events", timer: "events", schedule: "0 * * * * *" };
