import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders that a worker does not run. */
const ignored = new Set(["node_modules", "tests", "test", "dist"]);

/** SHA-256 over the names and contents of a source folder; hidden files, dependencies and tests are left out. */
export function sourceHash(folder: string): string {
  const hash = createHash("sha256");
  const visit = (relative: string) => {
    const entries = readdirSync(join(folder, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith(".") || ignored.has(entry.name)) continue;
      const path = join(relative, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile())
        hash
          .update(`${path}\0`)
          .update(readFileSync(join(folder, path)))
          .update("\0");
    }
  };
  visit("");
  return hash.digest("hex");
}
