/** A part of a template: a name, a number, a sign, or a text with expressions in it. */
export interface Token {
  readonly kind: "name" | "number" | "sign" | "string" | "end";
  readonly text: string;
  /** Of a string: what stands there, and the expressions between. */
  readonly parts: readonly (string | { readonly tokens: readonly Token[] })[];
  readonly startsLine: boolean;
  /** Whether nothing is between it and the one before. */
  readonly glued: boolean;
  readonly line: number;
}

const pattern =
  /(?<space>[ \t\r]+|\/\/[^\n]*|#[^\n]*)|(?<newline>\n)|(?<verbatim>'''\n?[\s\S]*?''')|(?<string>')|(?<number>\d+)|(?<name>[A-Za-z_]\w*)|(?<sign>=>|\.\?|::|\?\?|\|\||&&|==|!=|<=|>=|[{}[\]()?:.,=!@|<>+\-*/%])/y;

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** @throws Error at what is no token */
export function tokensOf(text: string): readonly Token[] {
  return new Reader(text).read(0).tokens;
}

class Reader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns the tokens from there to the end, or to the brace that closes what was opened before */
  read(start: number): { readonly tokens: readonly Token[]; readonly end: number } {
    const tokens: Token[] = [];
    let [at, depth, startsLine, glued, line] = [start, 0, true, false, 1];
    while (at < this.#text.length) {
      pattern.lastIndex = at;
      const found = pattern.exec(this.#text);
      if (found?.groups === undefined)
        throw new Error(`line ${line}: no token: ${this.#text.slice(at, at + 20)}`);
      const { space, newline, verbatim, string, number, name } = found.groups;
      const [matched] = found;
      line += matched.split("\n").length - 1;
      if (matched === "}" && depth === 0) return { tokens, end: at + 1 };
      at += matched.length;
      if (space !== undefined || newline !== undefined) {
        startsLine ||= newline !== undefined;
        glued = false;
        continue;
      }
      const place = { startsLine, glued, line };
      [startsLine, glued] = [false, true];
      if (string !== undefined) {
        const { parts, end } = this.#string(at);
        tokens.push({ kind: "string", text: "'", parts, ...place });
        at = end;
      } else if (verbatim !== undefined) {
        const part = matched.replace(/^'''\n?|'''$/g, "");
        tokens.push({ kind: "string", text: "'", parts: [part], ...place });
      } else {
        if (matched === "{") depth += 1;
        if (matched === "}") depth -= 1;
        const kind = number !== undefined ? "number" : name !== undefined ? "name" : "sign";
        tokens.push({ kind, text: matched, parts: [], ...place });
      }
    }
    return { tokens, end: at };
  }

  #string(start: number): { readonly parts: Token["parts"]; readonly end: number } {
    const parts: (string | { readonly tokens: readonly Token[] })[] = [];
    let [at, text] = [start, ""];
    for (;;) {
      const sign = this.#text[at];
      if (sign === undefined || sign === "\n")
        throw new Error(`a text does not end: ${this.#text.slice(start, at)}`);
      if (sign === "'") return { parts: [...parts, text], end: at + 1 };
      if (sign === "\\") {
        const escaped = this.#text[at + 1] ?? "";
        text += escapes[escaped] ?? escaped;
        at += 2;
      } else if (this.#text.startsWith("${", at)) {
        const { tokens, end } = this.read(at + 2);
        parts.push(text, { tokens });
        [at, text] = [end, ""];
      } else {
        text += sign;
        at += 1;
      }
    }
  }
}

/** Where a parser is among the tokens. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  readonly file: string;
  #at = 0;

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens;
    this.file = file;
  }

  literal(): string {
    const [part = ""] = this.peek().parts;
    if (this.peek().kind !== "string" || typeof part !== "string") throw this.unexpected();
    this.#at += 1;
    return part;
  }

  name(): string {
    if (this.peek().kind !== "name") throw this.unexpected();
    this.#at += 1;
    return this.peek(-1).text;
  }

  take(text: string): void {
    if (!this.takeIf(text)) throw this.unexpected();
  }

  takeIf(text: string): boolean {
    if (this.peek().kind === "string" || this.peek().text !== text) return false;
    this.#at += 1;
    return true;
  }

  /** The next, or one that comes later or has been. */
  peek(ahead = 0): Token {
    return (
      this.#tokens[this.#at + ahead] ?? {
        kind: "end",
        text: "",
        parts: [],
        startsLine: true,
        glued: false,
        line: 0,
      }
    );
  }

  unexpected(): Error {
    return new Error(`${this.file}:${this.peek().line}: ${this.peek().text} is not expected`);
  }

  pass(): void {
    this.#at += 1;
  }
}
