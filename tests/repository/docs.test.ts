// Proves that generated parts are not stale, that links and named files exist, and that every command in a page exists and
// takes its flags. Does not prove that the sentences are true; an integration test follows getting-started.md.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { knownStacks } from "../../cli/lib/command.ts";
import { codeOf, fillBlocks } from "../../tools/docs/blocks.ts";
import { pages, stalePages } from "../../tools/docs/pages.ts";
import { ownCommands } from "../support/documents.ts";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
const texts = pages().map((page) => [page, readFileSync(page, "utf8")] as const);
/** Pages in packages of their own name scripts of their own. */
const ownPages = texts.filter(([page]) => !/^(worker|examples)\//.test(page));

test("no page is stale, nor Pulumi.yaml: npm run docs regenerates them", async () => {
  expect([...(await stalePages()).keys()]).toEqual([]);
});

test("the repository's address is named where npm run docs writes it, with the owner of package.json", () => {
  const { repository } = JSON.parse(readFileSync("package.json", "utf8")) as { repository: string };
  const [, owner = ""] = /^https:\/\/github\.com\/([\w.-]+)\/inngest-local$/.exec(repository) ?? [];
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  const written = ["package.json", "setup.sh", ...pages()];
  const wrong = files
    .trim()
    .split("\n")
    .filter((file) => existsSync(file) && file !== "tests/repository/docs.test.ts")
    .flatMap((file) => {
      const text = readFileSync(file, "utf8");
      const rest = written.includes(file) ? text.replaceAll(repository, "") : text;
      const names = rest.match(
        new RegExp(`github\\.com[/:][\\w.-]+/inngest-local|(?<![\\w.-])${owner}(?![\\w.-])`, "g"),
      );
      return names?.map((name) => `${file}: ${name}`) ?? [];
    });
  expect(wrong).toEqual([]);
});

test.each(texts)("%s links to existing files", (page, text) => {
  const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => path !== "" && !existsSync(join(dirname(page), path)))).toEqual([]);
});

test.each(ownPages)("%s names existing files", (_, text) => {
  const named = [
    ...text.matchAll(
      /`((?:cli|components|lib|runtime|scripts|tools|tests|worker|bench|docs|examples|\.github)\/(?:[\w./-]*\.(?:ts|mjs|sh|md|ya?ml|json)|[\w./-]*\/)?)`/g,
    ),
  ];
  expect(named.map(([, path = ""]) => path).filter((path) => !path.includes("NAME") && !existsSync(path))).toEqual([]);
});

describe("commands", () => {
  const uses = ownPages.flatMap(([page, text]) => ownCommands(text).map((command) => ({ page, command })));
  const helps = new Map<string, string>();
  const help = (...command: string[]) => {
    const key = command.join(" ");
    const [name = "", ...rest] = command;
    const args = [join("cli", `${name}.ts`), ...rest, "--help"];
    if (!helps.has(key)) helps.set(key, execFileSync(process.execPath, args, { encoding: "utf8" }));
    return helps.get(key) as string;
  };
  const helpOf = (script: string, firstArgument: string) => {
    const [, name] = /cli\/run\.mjs (\S+)/.exec(scripts[script] ?? "") ?? [];
    // Pulumi's CLI has its own flags.
    if (name === undefined || name === "pulumi" || script === "test" || !existsSync(`cli/${name}.ts`)) return undefined;
    const text = help(name);
    return text.includes("\nCommands:") && /^\w/.test(firstArgument) ? help(name, firstArgument) : text;
  };

  test("there are some", () => {
    expect(uses.length).toBeGreaterThan(30);
  });

  test("each is a script of package.json, its flags are known, its stack has settings", () => {
    const problems = uses.flatMap(({ page, command }) => {
      const [, script = ""] = /^npm (?:run (?:-s )?)?([\w:-]+)/.exec(command) ?? [];
      if (!(script in scripts)) return [`${page}: ${command}: no such script`];
      const flags = [...command.matchAll(/(?<=\s)--?[a-z][\w-]*/g)].map(([flag]) => flag);
      const [, firstArgument = ""] = / -- (\S+)/.exec(command) ?? [];
      const known = helpOf(script, firstArgument);
      const unknown = known ? flags.filter((flag) => flag !== "-s" && !new RegExp(`${flag}\\b`).test(known)) : [];
      const [, stack] = /--stack (\w+)/.exec(command) ?? [];
      return [
        ...unknown.map((flag) => `${page}: ${command}: unknown ${flag}`),
        ...(stack && !["STACK", "S"].includes(stack) && !knownStacks().includes(stack)
          ? [`${page}: ${command}: no stack ${stack}`]
          : []),
      ];
    });
    expect(problems).toEqual([]);
  }, 60_000);
});

describe("generated parts", () => {
  test("a declaration is copied with its comment, to its end", () => {
    expect(codeOf("worker/ai/gpu.ts", "oneGpu")).toMatch(/^\/\*\*[\s\S]*\*\/\nexport const oneGpu = .*;$/);
    expect(codeOf("worker/functions/expire-claims.ts", undefined)).not.toContain("import ");
  });

  test("a part that names something missing is refused", () => {
    const page = (of: string) => `<!-- generated: ${of} -->\n<!-- end -->`;
    expect(() => fillBlocks(page("graph nowhere"), {})).toThrow(
      "a page asks for the picture of nowhere, which is no stack",
    );
    expect(() => fillBlocks(page("code worker/ai/gpu.ts#nothing"), {})).toThrow(
      "a page asks for nothing of worker/ai/gpu.ts, which does not declare it",
    );
    expect(() => fillBlocks(page("poem"), {})).toThrow('a page asks for "poem", which nothing generates');
  });
});
