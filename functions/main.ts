import { app } from "@azure/functions";
import { sharedApp } from "../shared/app.ts";
import { register } from "./door.ts";
import { doors } from "./doors.ts";
import { guardStreamServer } from "./stream-guard.ts";

app.setup({ enableHttpStream: true });
for (const door of doors) register(door, async (request) => await (await sharedApp()).handle(request));
guardStreamServer();
