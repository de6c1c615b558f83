import { readFileSync } from "node:fs";
import { savedReport } from "../../bench/support/results.ts";
import { renderTable } from "../../bench/support/table.ts";
import { Problem } from "../../lib/problem.ts";
import { configBlock, settingsTable } from "./settings.ts";

/**
 * Fills the generated parts of a file, between `<!-- generated: KIND ARGUMENT -->` and `<!-- end -->` in Markdown and
 * between the same words after `#` in YAML. Kinds are `graph STACK`, `code FILE` or `code FILE#NAME` (one declaration of
 * it), `bench NAME` (its last report), `settings` (the table) and `config` (the block of Pulumi.yaml).
 *
 * @throws {Problem} when a part names something that does not exist
 */
export function fillBlocks(file: string, pictures: Record<string, string>): string {
  return file.replaceAll(block, (_, first: string, what: string, last: string) => {
    return `${first}\n${contentOf(what, pictures)}\n${last}`;
  });
}

const block = /^((?:<!--|#) generated: (.+?)(?: -->)?)\n[\s\S]*?^((?:<!--|#) end(?: -->)?)$/gm;

function contentOf(what: string, pictures: Record<string, string>): string {
  const [kind = "", argument = ""] = what.split(" ");
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
    case "config":
      return configBlock();
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
