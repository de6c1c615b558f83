/**
 * Variables as a file for `--env-file`, which Node and Bun read the same way.
 *
 * @throws for a value that the two would read differently
 */
export function renderEnvFile(environment: Record<string, string>): string {
  return Object.entries(environment)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => {
      const problem = envValueProblem(value);
      if (problem) throw new Error(`the variable ${name} ${problem}`);
      return `${name}=${quoted(value)}\n`;
    })
    .join("");
}

/** Why a value cannot be in such a file, or `undefined`. */
export function envValueProblem(value: string): string | undefined {
  return quoted(value) === undefined
    ? "must not contain a dollar sign, a carriage return or both ' and `, nor end in a backslash"
    : undefined;
}

function quoted(value: string): string | undefined {
  if (/^[\w.,:/@%+=-]*$/.test(value)) return value;
  // Both take the text in these quotes literally, except that Node drops carriage returns, and Bun expands $NAME and
  // lets a backslash escape the closing quote.
  const quote = ["'", "`"].find((mark) => !value.includes(mark));
  return quote && !/[\r$]|\\$/.test(value) ? quote + value + quote : undefined;
}
