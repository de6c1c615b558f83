import { globSync, readFileSync } from "node:fs";
import { drawStacks } from "../graph/stacks.ts";
import { fillBlocks } from "./blocks.ts";

/** Every page for people, by its path from the project's folder. */
export function pages(): string[] {
  return globSync(["*.md", "docs/**/*.md", "worker/*.md", "examples/*.md", "examples/*/*.md"], {
    exclude: ["**/node_modules/**"],
  }).sort();
}

/** The project's address, which stands in package.json, wherever else somebody copies it from. */
const address = /https:\/\/github\.com\/[\w.-]+\/inngest-local\b/g;

/** The pages, Pulumi.yaml and setup.sh whose generated parts are stale, with the text that they should have. */
export async function stalePages(): Promise<Map<string, string>> {
  const texts = [...pages(), "Pulumi.yaml", "setup.sh"].map((page) => [page, readFileSync(page, "utf8")] as const);
  const { repository } = JSON.parse(readFileSync("package.json", "utf8")) as { repository: string };
  const pictures = texts.some(([, text]) => text.includes("<!-- generated: graph")) ? await drawStacks() : {};
  return new Map(
    texts
      .map(([page, text]) => [page, text, fillBlocks(text.replaceAll(address, repository), pictures)] as const)
      .filter(([, text, filled]) => text !== filled)
      .map(([page, , filled]) => [page, filled]),
  );
}
