import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { savedReport } from "../../bench/support/results.ts";
import { renderTable } from "../../bench/support/table.ts";
import { Problem } from "../../lib/problem.ts";

/**
 * Parts of a page that come from elsewhere: between `<!-- generated: KIND ARGUMENT -->` and `<!-- end -->`. Kinds are
 * `graph STACK`, `code FILE` or `code FILE#NAME` (one declaration of it), `bench NAME` (its last report), and
 * `settings`.
 */
export function fillBlocks(page: string, pictures: Record<string, string>): string {
  return page.replaceAll(block, (_, kind: string, argument: string) => {
    const content = contentOf(kind, argument, pictures);
    return `<!-- generated: ${[kind, argument].filter(Boolean).join(" ")} -->\n${content}\n<!-- end -->`;
  });
}

const block = /<!-- generated: (\w+) ?(\S*) -->\n[\s\S]*?<!-- end -->/g;

function contentOf(kind: string, argument: string, pictures: Record<string, string>): string {
  switch (kind) {
    case "graph": {
      const picture = pictures[argument];
      if (picture === undefined) throw new Problem(`a page asks for the picture of ${argument}, which is no stack`);
      return `\`\`\`mermaid\n${picture.trimEnd()}\n\`\`\``;
    }
    case "code": {
      const [file = "", name] = argument.split("#");
      return `\`\`\`ts\n// ${file}\n${codeOf(file, name)}\n\`\`\``;
    }
    case "bench": {
      const report = savedReport(argument);
      return report ? renderTable(report) : `Not measured yet: \`npm run bench -- ${argument}\`.`;
    }
    case "settings":
      return settingsTable();
    default:
      throw new Problem(`a page asks for ${JSON.stringify(kind)}, which nothing generates`);
  }
}

/** A file without its imports, or one top-level declaration of it with the comment above. */
export function codeOf(file: string, name: string | undefined): string {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  if (name === undefined) {
    const text = lines.join("\n");
    return text.replaceAll(/^import [^;]*;\n/gm, "").trim();
  }
  const first = lines.findIndex((line) =>
    new RegExp(`^(export )?(async )?(const|function|class|interface|type) ${name}\\b`).test(line),
  );
  if (first === -1) throw new Problem(`a page asks for ${name} of ${file}, which does not declare it`);
  const isWhole = /;$/.test(lines[first] as string);
  const end = isWhole ? first : lines.findIndex((line, index) => index > first && /^[)}\]]/.test(line));
  let start = first;
  while (/^(\/\*\*| \*|\/\/)/.test(lines[start - 1] ?? "")) start--;
  return lines.slice(start, end + 1).join("\n");
}

interface Setting {
  default: unknown;
  description: string;
  secret?: boolean;
}

/** Rows of every setting, as the README has them too. */
export function settingRows(): string[] {
  const { config } = parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, Setting> };
  return Object.entries(config).map(([key, setting]) => {
    const none = setting.default === "" || typeof setting.default === "object";
    const value = none ? "" : `\`${setting.default}\``;
    return `| \`${key}\` | ${value} | ${setting.description}${setting.secret ? " (secret)" : ""} |`;
  });
}

function settingsTable(): string {
  return ["| setting | default | meaning |", "|---|---|---|", ...settingRows()].join("\n");
}
