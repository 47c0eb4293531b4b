import fc from "fast-check";

/** Seconds that all fuzzing together takes; absent: a few runs each, as with all other tests. */
const seconds = Number(process.env["FUZZ_SECONDS"] || 0);

/**
 * Looks for what breaks the property, for its share of `FUZZ_SECONDS`, each time with other values. What it finds is told with the
 * seed and the path by which fast-check finds it again.
 * @param share of all the time, from 0 to 1
 */
export async function fuzz<T>(
  share: number,
  property: fc.IProperty<T> | fc.IAsyncProperty<T>,
  runs = 200,
): Promise<void> {
  const long = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * share * 1000 };
  const details = await fc.check(property as fc.IAsyncProperty<T>, seconds > 0 ? long : { numRuns: runs });
  if (seconds > 0) process.stdout.write(`${details.numRuns} runs\n`);
  // That the time is over is no failure; that nothing was tried at all is one.
  if (details.failed) throw new Error(fc.defaultReportMessage(details));
  if (details.numRuns === 0) throw new Error("there was no time for a single run");
}
