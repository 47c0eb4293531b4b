/**
 * Bicep as scanners read it that do not know the newer parts of the language: types, outputs and functions of one's own are left
 * out, and resources stay as they are.
 */
export function plainBicep(text: string): string {
  return (
    text
      // Types, and what has them.
      .replace(/^import .*$/gm, "")
      .replace(/^@export\(\)$/gm, "")
      .replace(/^(?:@.*\n)*type \w+ = (?:\{\n(?: .*\n)*\}|.*)$/gm, "")
      .replace(/^param (\w+) \{\n(?: .*\n)*\}\??$/gm, "param $1 object")
      .replace(/^param (\w+) \{\n(?: .*\n)*\}\[\]$/gm, "param $1 array")
      .replace(/^param (\w+) \w+(?:\[\])+/gm, "param $1 array")
      .replace(/^param (\w+) (?:provisioned|profileName)\b/gm, "param $1 object")
      // What no resource has to do with.
      .replace(/^(?:@.*\n)*output .*\n/gm, "")
      .replace(/^var (\w+) = (?:.*=>|items\().*$/gm, "var $1 = []")
      .replace(/^var (\w+) = \[\n(?: .*\n)*?.*=>.*\n(?: .*\n)*\]$/gm, "var $1 = []")
      .replace(/^( +\w+): \w+\(.*=> \{\n(?:.*\n)*?\1?.*\}\)$/gm, "$1: []")
      .replace(/^( +\w+: ).*=> .*$/gm, "$1[]")
      // Operators, and conditions over several lines.
      .replace(/(\w|\])!\./g, "$1.")
      .replace(/\.\?/g, ".")
      .replace(/cidrSubnet\([^)]*\)/g, "''")
      .replace(/ \?\? ''/g, "")
      .replace(/\n +([?:]) /g, " $1 ")
      .trimEnd()
      .concat("\n")
  );
}
