import type { QueueDoor } from "./door.ts";

/** Events that were committed a moment ago. */
export const eventWork: QueueDoor = { name: "work_events", queue: "events" };
