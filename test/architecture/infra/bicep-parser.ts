/**
 * Reads as much of Bicep as the templates use, into functions that evaluate it. Types and decorators are passed over: a compiler
 * checks those.
 * @see https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
 */
import { type Expression, type Lambda, operate, within } from "./bicep-scope.ts";
import { TokenCursor, tokensOf } from "./bicep-tokens.ts";

export interface Statement {
  readonly kind: string;
  readonly name: string;
  /** Of a resource its type, of a module and of an import the file. */
  readonly target: string;
  readonly existing: boolean;
  /** Absent: a parameter that has to be given. */
  readonly value: Expression | undefined;
}

/** Resources in the body of another, by their names. */
export const nested = Symbol("nested");
export interface NestedResource {
  readonly target: string;
  readonly body: () => unknown;
}

const binary: readonly (readonly string[])[] = [
  ["??"],
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];

export function parseBicep(text: string, file: string): readonly Statement[] {
  return new Parser(tokensOf(text), file).statements();
}

class Parser extends TokenCursor {
  statements(): readonly Statement[] {
    const found: Statement[] = [];
    while (this.peek().kind !== "end") {
      if (this.takeIf("@")) this.#postfix();
      else found.push(...this.#statement());
    }
    return found;
  }

  #statement(): readonly Statement[] {
    const kind = this.name();
    if (kind === "targetScope") {
      this.take("=");
      this.#expression();
      return [];
    }
    if (kind === "import") return this.#import();
    const name = this.name();
    if (kind === "type") {
      this.take("=");
      this.#passType();
      return [];
    }
    const isMade = kind === "resource" || kind === "module";
    const target = isMade ? this.literal() : "";
    const existing = isMade && this.takeIf("existing");
    if (kind === "param" || kind === "output") this.#passType();
    const value = this.takeIf("=") ? this.#expression() : undefined;
    return [{ kind, name, target, existing, value }];
  }

  #import(): readonly Statement[] {
    const names: string[] = [];
    this.take("{");
    while (!this.takeIf("}")) {
      names.push(this.name());
      this.takeIf(",");
    }
    this.take("from");
    const target = this.literal();
    return names.map((name) => ({ kind: "import", name, target, existing: false, value: undefined }));
  }

  /** A type ends with its line, or where a value begins. */
  #passType(): void {
    let depth = 0;
    for (let first = true; ; first = false) {
      const { kind, text, startsLine } = this.peek();
      const goesOn = this.peek(-1).text === "|" || first;
      if (kind === "end" || (depth === 0 && (text === "=" || (startsLine && !goesOn)))) return;
      if ("{[(".includes(text)) depth += 1;
      if ("}])".includes(text)) depth -= 1;
      this.pass();
    }
  }

  #expression(): Expression {
    const condition = this.#binary(0);
    if (!this.takeIf("?")) return condition;
    const yes = this.#expression();
    this.take(":");
    const no = this.#expression();
    return (scope) => (condition(scope) === true ? yes(scope) : no(scope));
  }

  #binary(level: number): Expression {
    const operators = binary[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = this.peek().kind === "sign" ? this.peek().text : "";
      if (!operators.includes(operator)) return left;
      this.pass();
      const [before, after] = [left, this.#binary(level + 1)];
      if (operator === "??") left = (scope) => before(scope) ?? after(scope);
      else if (operator === "&&") left = (scope) => before(scope) === true && after(scope);
      else if (operator === "||") left = (scope) => before(scope) === true || after(scope);
      else left = (scope) => operate(operator, before(scope), after(scope));
    }
  }

  #unary(): Expression {
    if (this.takeIf("!")) {
      const value = this.#unary();
      return (scope) => value(scope) !== true;
    }
    if (this.takeIf("-")) {
      const value = this.#unary();
      return (scope) => -Number(value(scope));
    }
    return this.#postfix();
  }

  #postfix(): Expression {
    let value = this.#primary();
    for (;;) {
      const of = value;
      const { text, glued } = this.peek();
      if (this.takeIf(".?")) {
        const name = this.name();
        value = (scope) => {
          const owner = of(scope);
          return owner === null || owner === undefined ? null : (scope.member(owner, name) ?? null);
        };
      } else if (this.takeIf(".") || this.takeIf("::")) {
        const name = this.name();
        value = (scope) => scope.member(of(scope), name);
      } else if (text === "!" && glued) {
        this.pass();
      } else if (text === "[" && glued) {
        this.pass();
        const index = this.#expression();
        this.take("]");
        value = (scope) => {
          const [owner, key] = [of(scope), index(scope)];
          return Array.isArray(owner) ? (owner as unknown[])[Number(key)] : scope.member(owner, String(key));
        };
      } else return value;
    }
  }

  #primary(): Expression {
    const token = this.peek();
    if (token.kind === "string") {
      this.pass();
      const parts = token.parts.map((part) =>
        typeof part === "string" ? part : new Parser(part.tokens, this.file).#expression(),
      );
      return (scope) =>
        parts.map((part) => (typeof part === "string" ? part : scope.text(part(scope)))).join("");
    }
    if (token.kind === "number") {
      this.pass();
      return () => Number(token.text);
    }
    if (this.takeIf("{")) return this.#object();
    if (this.takeIf("[")) return this.takeIf("for") ? this.#loop() : this.#array();
    if (token.text === "(" && this.#isLambda()) return this.#lambda();
    if (this.takeIf("(")) {
      const value = this.#expression();
      this.take(")");
      return value;
    }
    return this.#named();
  }

  #named(): Expression {
    if (this.peek(1).text === "=>") return this.#lambda();
    const name = this.name();
    if (name === "true" || name === "false") return () => name === "true";
    if (name === "null") return () => null;
    if (name === "if") {
      const [condition, body] = [this.#primary(), this.#primary()];
      return (scope) => (condition(scope) === true ? body(scope) : undefined);
    }
    const next = this.peek();
    if (next.text !== "(" || !next.glued) return (scope) => scope.value(name);
    this.take("(");
    const given: Expression[] = [];
    while (!this.takeIf(")")) {
      given.push(this.#expression());
      this.takeIf(",");
    }
    return (scope) =>
      scope.call(
        name,
        given.map((value) => value(scope)),
      );
  }

  #isLambda(): boolean {
    let ahead = 1;
    while (this.peek(ahead).text !== ")") {
      if (this.peek(ahead).kind !== "name" && this.peek(ahead).text !== ",") return false;
      ahead += 1;
    }
    return this.peek(ahead + 1).text === "=>";
  }

  #lambda(): Expression {
    const names = this.#locals();
    this.take("=>");
    const body = this.#expression();
    return (scope): Lambda =>
      (...given) =>
        body(within(scope, names, given));
  }

  /** A name, or some in parentheses. */
  #locals(): readonly string[] {
    if (!this.takeIf("(")) return [this.name()];
    const names: string[] = [];
    while (!this.takeIf(")")) {
      names.push(this.name());
      this.takeIf(",");
    }
    return names;
  }

  #loop(): Expression {
    const names = this.#locals();
    this.take("in");
    const list = this.#expression();
    this.take(":");
    const body = this.#expression();
    this.take("]");
    return (scope) =>
      (list(scope) as unknown[]).map((item, index) => body(within(scope, names, [item, index])));
  }

  #array(): Expression {
    const items: Expression[] = [];
    while (!this.takeIf("]")) {
      items.push(this.#expression());
      this.takeIf(",");
    }
    return (scope) => items.map((item) => item(scope));
  }

  #object(): Expression {
    const properties: [Expression, Expression][] = [];
    const children: Statement[] = [];
    while (!this.takeIf("}")) {
      if (this.peek().text === "resource" && this.peek(1).kind === "name") {
        children.push(...this.#statement());
        continue;
      }
      const { kind, text } = this.peek();
      const key: Expression = kind === "name" ? () => text : this.#primary();
      if (kind === "name") this.pass();
      this.take(":");
      const value = this.#expression();
      // An order, which says nothing of what is made.
      if (text !== "dependsOn") properties.push([key, value]);
      this.takeIf(",");
    }
    return (scope) => {
      const made: Record<string | symbol, unknown> = {};
      for (const [key, value] of properties) made[String(key(scope))] = value(scope);
      if (children.length > 0)
        made[nested] = new Map(
          children.map(({ name, target, value }) => [
            name,
            { target, body: () => value?.(scope) } satisfies NestedResource,
          ]),
        );
      return made;
    };
  }
}
