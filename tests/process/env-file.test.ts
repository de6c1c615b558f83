// Proves that Node, and Bun where it is here, read back what renderEnvFile wrote. Their other options for env files
// are not used.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import { renderEnvFile } from "../../lib/render/env-file.ts";
import { bunFolders } from "../../tools/bun.ts";

const folder = mkdtempSync(join(tmpdir(), "env-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The worker's own dependencies bring one where PATH has none.
const bun = onPath("bun", [...(process.env.PATH ?? "").split(delimiter), ...bunFolders]);
const runtimes: [string, string | undefined][] = [
  ["node", process.execPath],
  ["bun", bun],
];

/** What a process started with `--env-file` sees; every name starts with T_. */
function readBack(runtime: string, environment: Record<string, string>): Record<string, string> {
  const file = join(folder, "test.env");
  writeFileSync(file, renderEnvFile(environment));
  const script =
    "process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([n]) => n.startsWith('T_')))))";
  const output = execFileSync(runtime, [`--env-file=${file}`, "-e", script], {
    env: {},
    cwd: folder,
    encoding: "utf8",
  });
  return JSON.parse(output);
}

/** Characters that some reader of env files treats in its own way. */
const awkward = fc.constantFrom(
  ..."ab1 \t\n'\"`#$\\={}()!%&;:,.~*|<>é漢😀\u00a0\ufeff\u2028",
  "\\n",
  "export ",
  "\n#",
  "\nT_9=x",
);
const value = fc
  .oneof(fc.string({ unit: awkward, maxLength: 12 }), fc.string({ unit: "grapheme", maxLength: 12 }))
  .filter((text) => !text.includes("\0") && isRendered(text));

function isRendered(text: string): boolean {
  try {
    renderEnvFile({ T: text });
    return true;
  } catch {
    return false;
  }
}

describe.each(runtimes)("read by %s", (name, runtime) => {
  test.skipIf(runtime === undefined)("every value comes back as it was", () => {
    // One process reads a file of many values: starting one takes a hundred times as long as reading.
    const many = fc.array(value, { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(many, (values) => {
        const environment = Object.fromEntries(values.map((text, index) => [`T_${index}`, text]));
        expect(readBack(runtime as string, environment)).toEqual(environment);
      }),
      { numRuns: name === "node" ? 25 : 15, interruptAfterTimeLimit: 8000 },
    );
  });

  test.skipIf(runtime === undefined)("known traps come back as they were", () => {
    const environment = {
      T_EMPTY: "",
      T_AFTER_EMPTY: "x",
      T_HASH: "a # b",
      T_LEADING_HASH: "#a",
      T_BACKSLASH: "C:\\new\\table",
      T_BACKSLASH_BEFORE_QUOTE: "a\\'b\\\"c",
      T_SINGLE: "it's",
      T_DOUBLE: '"quoted"',
      T_BACKTICK: "`quoted`",
      T_SPACES: "  both ends  ",
      T_LINES: "one\ntwo\n\nfour\n",
      T_ASSIGNMENT: "one\nT_EMPTY=stolen\n",
      T_LONG: "é ".repeat(20_000),
      T_UNICODE: "naïve 漢字 😀",
      T_URL: "redis://:p%40ss@host:6379/0?a=b&c=d",
      T_JSON: '{"a": [1, "b"]}',
    };
    expect(readBack(runtime as string, environment)).toEqual(environment);
  });
});

describe("a value that the two would read differently", () => {
  test.each(["pa$$word", "a\rb", "a\r\nb", "'`", "C:\\data\\"])("is refused: %j", (text) => {
    expect(() => renderEnvFile({ T_NAME: text })).toThrow(
      new Error(
        "the variable T_NAME must not contain a dollar sign, a carriage return or both ' and `, nor end in a backslash",
      ),
    );
  });

  test("is refused, and no other value is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const isRefused = /[\r$]|\\$|'.*`|`.*'/s.test(text);
        expect(isRendered(text)).toBe(!isRefused);
      }),
    );
  });

  test("is not part of the error", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), (text) => {
        let message = "";
        try {
          renderEnvFile({ T_NAME: `${text}$` });
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).toContain("T_NAME");
        expect(message).not.toContain(text);
      }),
    );
  });
});

test("the order of variables makes no difference", () => {
  expect(renderEnvFile({ B: "2", A: "1" })).toBe(renderEnvFile({ A: "1", B: "2" }));
});
