/** Second, minute and hour, each a number, `*`, or `*` and a step; all other fields are `*`. */
const numberForm = /^\d{1,2}$/;
const stepForm = /^\*\/(\d{1,2})$/;
const sizes = [60, 60, 24] as const;

type Field = (value: number) => boolean;

/** When a timer's function is due, in UTC. */
export class Schedule {
  readonly #fields: readonly Field[];

  /**
   * @param text an NCRONTAB expression of six fields, as the Functions runtime takes it, in the forms that are used here
   * @throws Error for any other
   * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
   */
  constructor(text: string) {
    const fields = text.trim().split(/ +/);
    const [day, month, weekday] = fields.slice(sizes.length);
    if (fields.length !== 6 || day !== "*" || month !== "*" || weekday !== "*") throw refusal(text);
    this.#fields = sizes.map((size, index) => parseField(text, fields[index] ?? "", size));
  }

  /** @param millis since 1970. @returns the first due time after that, which is less than a day away */
  next(millis: number): number {
    for (let seconds = Math.floor(millis / 1000) + 1; ; seconds++) {
      if (this.#includes(seconds)) return seconds * 1000;
    }
  }

  #includes(seconds: number): boolean {
    const values = [seconds % 60, Math.floor(seconds / 60) % 60, Math.floor(seconds / 3_600) % 24];
    return this.#fields.every((field, index) => field(values[index] ?? 0));
  }
}

function parseField(text: string, field: string, size: number): Field {
  if (field === "*") return () => true;
  if (numberForm.test(field) && Number(field) < size) return (value) => value === Number(field);
  const step = Number(stepForm.exec(field)?.[1] ?? 0);
  if (step > 0 && step < size) return (value) => value % step === 0;
  throw refusal(text);
}

function refusal(text: string): Error {
  return new Error(
    `this host knows schedules of six fields, of which the last three are * and the others a number, * or */<step>: ${text}`,
  );
}
