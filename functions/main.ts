import { app } from "@azure/functions";
import { answerRequest, sharedApp, takesQueueMessages } from "../shared/app.ts";
import { register, registerQueue, registerTimer } from "./door.ts";
import { doors, queueDoors, timerDoors } from "./doors.ts";
import { guardStreamServer } from "./stream-guard.ts";

app.setup({ enableHttpStream: true });
for (const door of doors) register(door, answerRequest);
for (const door of takesQueueMessages() ? queueDoors : []) {
  registerQueue(door, async (queue, message) => await (await sharedApp()).work(queue, message));
}
for (const door of timerDoors) registerTimer(door, async (timer) => await (await sharedApp()).tick(timer));
guardStreamServer();
