// Proves that what another program may use says what it takes. Does not prove that the sentences are true; the
// package's own suite uses it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const exported = readFileSync("components/index.ts", "utf8");
const files = [...exported.matchAll(/from "\.\/([\w/-]+\.ts)"/g)].map(([, path]) => `components/${path}`);
const sources = files.map((file) => [file, readFileSync(file, "utf8")] as const);

describe.each(sources)("%s", (_, source) => {
  test("documents every argument, and the default of each optional one", () => {
    const problems = [...source.matchAll(/export interface (\w+Args)\b[^{]*\{\n([\s\S]*?)\n\}/g)].flatMap(
      ([, name, body = ""]) =>
        [...body.matchAll(/((?:^ {2}(?:\/\*\*| \*).*\n)*)^ {2}(\w+)(\??):/gm)]
          .filter(
            ([, comment = "", , optional]) => comment === "" || (optional === "?" && !comment.includes("@default")),
          )
          .map(([, , property]) => `${name}.${property}`),
    );
    expect(problems).toEqual([]);
  });

  test("gives an example of every component", () => {
    const classes = [...source.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\nexport class (\w+)/g)];
    expect(classes.filter(([, comment = ""]) => !comment.includes("@example")).map(([, , name]) => name)).toEqual([]);
  });
});
