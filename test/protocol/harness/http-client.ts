import { type Agent, type IncomingMessage, request } from "node:http";
import { type Answer, type Call, framing } from "./registry.ts";

/** A client that can say anything which is HTTP. */
export async function sendCall(call: Call, hostname: string, port: number, agent: Agent): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      agent,
      method: call.method,
      path: call.target,
      headers: { ...framing(call), ...call.headers },
    });
    let answered = false;
    outgoing.once("response", (incoming) => {
      answered = true;
      readAnswer(incoming).then(resolve, reject);
    });
    // A registry that has answered may close the connection while the rest of the body is on its way.
    outgoing.on("error", (error) => {
      if (!answered) reject(error);
    });
    for (const piece of call.body ?? []) outgoing.write(piece);
    outgoing.end();
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = [value].flat().join(", ");
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
}
