import type { QueueDoor } from "./door.ts";

/** Collection that has more to do, or soon will. */
export const collectionWork: QueueDoor = { name: "work_collection", queue: "collection" };
