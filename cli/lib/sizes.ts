import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { dataFolder } from "../../lib/host/paths.ts";
import { sizeOfFolder } from "../../lib/places/host.ts";
import { Problem } from "../../lib/problem.ts";
import type { KnownStack } from "./live-stack.ts";

export interface Size {
  what: "history" | "queue" | "logs" | "worker";
  bytes: number;
}

/** Bytes from which a store is worth a warning. */
const large = { history: 5 * 1024 ** 3, queue: 1024 ** 3, logs: 200 * 1024 ** 2, worker: 10 * 1024 ** 3 };

/** Which of a stack's stores have grown large; `undefined` while none has. */
export function sizeProblem(stack: string, sizes: Size[]): Problem | undefined {
  const over = sizes.filter(({ what, bytes }) => bytes > large[what]).map(({ what }) => what);
  if (over.length === 0) return undefined;
  return new Problem(
    `${over.join(" and ")} ${over.length === 1 ? "grows" : "grow"} large`,
    over.includes("history")
      ? `npm run retention -- --stack ${stack}, which shows what is in it, and removes what is old`
      : `look into ${over.join(" and ")}: what fills it continues to do so`,
  );
}

/** Size of each of a stack's stores; empty ones and those that cannot be looked at are left out. */
export async function sizesOf({
  name,
  settings,
  parts,
}: Pick<KnownStack, "name" | "settings" | "parts">): Promise<Size[]> {
  const kept = parts.all.map(async (part): Promise<Size | undefined> => {
    if (part.keeps === undefined) return undefined;
    const bytes = await parts
      .placeOf(part)
      .size(part)
      .catch(() => 0);
    return { what: part.keeps === "claims" ? "worker" : part.keeps, bytes };
  });
  const logs: Size = { what: "logs", bytes: sizeOfFolder(join(dataFolder(name, settings.dataDir), "logs")) };
  return [...(await Promise.all(kept)), logs].flatMap((size) => (size && size.bytes > 0 ? [size] : []));
}

/** Free bytes on the file system of a folder. */
export async function roomAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function readable(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
