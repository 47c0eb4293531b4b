/**
 * Asks a registry what it lacks until that is nothing, or the time is over: roles come into force some minutes after they are assigned.
 * @param origin such as `https://func-a.azurewebsites.net`
 * @param say told what it lacks, whenever that changes
 * @param pauseMillis ms between two questions
 * @returns whether it is ready
 */
export async function waitUntilReady(origin, seconds, say, pauseMillis = 15_000) {
  const until = Date.now() + seconds * 1000;
  for (let said = ""; ; ) {
    const lacks = await lacksOf(origin);
    if (lacks === "") return true;
    if (lacks !== said) say(`The registry is not ready yet:\n${lacks}\n`);
    said = lacks;
    const left = until - Date.now();
    if (left <= 0) return false;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMillis, left)));
  }
}

/** What is missing, a line each; empty: nothing. */
async function lacksOf(origin) {
  try {
    const answer = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(60_000) });
    const { status, checks } = await answer.json();
    if (status === "ready") return "";
    const failed = checks.filter((check) => check.status !== "ok");
    return failed.map(({ name, remedy = "the log says why" }) => `  ${name}: ${remedy}`).join("\n");
  } catch (error) {
    return `  ${origin}/readyz: ${error.cause?.code ?? error.message}`;
  }
}
