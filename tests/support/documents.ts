/** Shell commands of a page: those in `sh` blocks, one a line, continued lines joined and comments left out. */
export function shellCommands(page: string): string[] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    block
      .replaceAll(/\\\n\s*/g, " ")
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter((line) => line !== "" && !line.startsWith("#")),
  );
}

/** Uses of the project's own commands, in blocks and in the text. */
export function ownCommands(page: string): string[] {
  const inline = [...page.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`(npm (?:run|start|test)[^`\n]*)`/g)];
  const all = [...shellCommands(page), ...inline.map(([, command = ""]) => command)];
  return all.flatMap((line) => /npm (?:run (?:-s )?[\w:-]+|start|test)\b[^|;&)]*/.exec(line)?.[0].trim() ?? []);
}
