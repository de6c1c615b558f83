import { globSync, readFileSync } from "node:fs";
import { drawStacks } from "../graph/stacks.ts";
import { fillBlocks } from "./blocks.ts";

/** Every page for people, by its path from the project's folder. */
export function pages(): string[] {
  return globSync(["*.md", "docs/**/*.md", "worker/*.md", "examples/*.md", "examples/*/*.md"], {
    exclude: ["**/node_modules/**"],
  }).sort();
}

/** The pages, and Pulumi.yaml, whose generated parts are stale, with the text that they should have. */
export async function stalePages(): Promise<Map<string, string>> {
  const texts = [...pages(), "Pulumi.yaml"].map((page) => [page, readFileSync(page, "utf8")] as const);
  const generated = texts.filter(([, text]) => text.includes(" generated: "));
  const pictures = generated.some(([, text]) => text.includes("<!-- generated: graph")) ? await drawStacks() : {};
  return new Map(
    generated
      .map(([page, text]) => [page, text, fillBlocks(text, pictures)] as const)
      .filter(([, text, filled]) => text !== filled)
      .map(([page, , filled]) => [page, filled]),
  );
}
