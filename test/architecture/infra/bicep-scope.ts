/** Where an expression finds what its names mean. */
export interface Scope {
  value(name: string): unknown;
  call(name: string, given: readonly unknown[]): unknown;
  member(of: unknown, name: string): unknown;
  text(value: unknown): string;
}
export type Expression = (scope: Scope) => unknown;
export type Lambda = (...given: readonly unknown[]) => unknown;

/** The scope with some names more, as in a loop. */
export function within(scope: Scope, names: readonly string[], given: readonly unknown[]): Scope {
  return {
    value: (name) => (names.includes(name) ? given[names.indexOf(name)] : scope.value(name)),
    call: (name, values) => scope.call(name, values),
    member: (of, name) => scope.member(of, name),
    text: (value) => scope.text(value),
  };
}

/** @throws Error for an operator that is not known here */
export function operate(operator: string, left: unknown, right: unknown): unknown {
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return a < b;
    case ">":
      return a > b;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return Math.trunc(a / b);
    default:
      throw new Error(`no operator ${operator}`);
  }
}
