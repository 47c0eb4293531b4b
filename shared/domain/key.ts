/**
 * The order-preserving substitution that makes a repository name legal in a document id, which may hold none of
 * `/ \ ? #`. Repository names use `- . /` and characters above them, so each of the three moves down by one and keeps
 * its place: `library/hello-world` becomes `library.hello,world`.
 */
const escapes: Record<string, string> = { "-": ",", ".": "-", "/": "." };
const originals: Record<string, string> = { ",": "-", "-": ".", ".": "/" };

export function escapeName(name: string): string {
  return name.replace(/[-./]/g, (character) => escapes[character] ?? character);
}

export function unescapeName(key: string): string {
  return key.replace(/[,.-]/g, (character) => originals[character] ?? character);
}

/** A time as a key that sorts like it: 15 digits of milliseconds since 1970. */
export function timeKey(millis: number): string {
  return String(millis).padStart(15, "0");
}
