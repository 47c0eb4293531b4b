import type { Client, Lab, Scenario } from "./client.ts";
import { type NoiseLayout, slowBytes } from "./images.ts";
import { must, verifyStored } from "./registry-content.ts";
import { transcript, uploadedBytes, type Wire } from "./wire.ts";

/** Life of an access token; docker takes a shorter one for as long. */
export const tokenSeconds = 60;
/** What a thin line carries: a push over it ends well after its first token has. */
export const thinBytesPerSecond = slowBytes / 85;
/** What a client calls version or tag, be it an image or a chart. */
const tag = "1.0.0";

type Shape = "few" | "many";

/** Puts the image, or what else is as big and the client's own, there. */
export type Push = (layout: NoiseLayout, image: string) => Promise<unknown>;

/** Prepares the client, and pushes by the body. Shapes: usually both. */
export type LongPush = (
  lab: Lab,
  body: (push: Push, shapes?: readonly Shape[]) => Promise<void>,
) => Promise<void>;

/**
 * Pushes over thin lines, each of which takes longer than a token lives: a few layers, each of which does so itself, and many one after
 * the other. At the same time, since all but waiting is little.
 */
export async function longPushes(
  { name, longPush, repositories: [prefix] = [name] }: Client,
  lab: Lab,
  scenario: Scenario,
): Promise<void> {
  await longPush?.(lab, async (push, shapes = ["few", "many"]) => {
    await Promise.all(
      shapes.map(async (shape) => {
        const wire = await lab.wire();
        const repository = `${prefix}/long-${shape}`;
        await scenario(`push ${shape} layers for longer than a token lives`, async () => {
          const begun = Date.now();
          await push(lab.images.slow[shape], `${wire.host}/${repository}:${tag}`);
          const seconds = (Date.now() - begun) / 1000;
          must(seconds > tokenSeconds, `it took no more than ${seconds} s:\n${transcript(wire)}`);
          must(uploadedBytes(wire) > slowBytes * 0.9, `not all was uploaded:\n${transcript(wire)}`);
          await verifyStored(lab.registry, repository, tag);
          console.log(`    ${name}, ${shape}: ${tokensOf(wire)}`);
        });
      }),
    );
  });
}

function tokensOf({ exchanges }: Wire): string {
  const tokens = exchanges.filter(
    ({ target, status }) => target.startsWith("/oauth2/token") && status === 200,
  );
  const refused = exchanges.filter(({ status }) => status === 401);
  const ended = refused.filter(({ responseHeaders }) =>
    responseHeaders["www-authenticate"]?.includes('error="invalid_token"'),
  );
  return `${tokens.length} tokens, ${refused.length} times 401, ${ended.length} of them since a token had ended`;
}
