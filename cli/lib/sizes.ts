import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "../../lib/host/paths.ts";
import { dockerSays } from "../../lib/places/docker-engine.ts";
import { kubectlSays } from "../../lib/places/kubernetes-cluster.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import type { StackSettings } from "./live-stack.ts";

export interface Size {
  what: "history" | "queue" | "logs" | "worker";
  bytes: number;
}

/** Sizes from which a store is worth a thought, in bytes. */
const large = { history: 5 * 1024 ** 3, queue: 1024 ** 3, logs: 200 * 1024 ** 2, worker: 10 * 1024 ** 3 };

/** Which of a stack's stores grow large, and what to do about it; `undefined` while none does. */
export function sizeAlarm(stack: string, sizes: Size[]): { seen: string; remedy: string } | undefined {
  const over = sizes.filter(({ what, bytes }) => bytes > large[what]).map(({ what }) => what);
  if (over.length === 0) return undefined;
  const remedy = over.includes("history")
    ? `npm run retention -- --stack ${stack}, which says what is in it, and removes what is old`
    : `look into ${over.join(" and ")}: what fills it will go on`;
  return { seen: `${over.join(" and ")} ${over.length === 1 ? "grows" : "grow"} large`, remedy };
}

/** How much each of a stack's stores holds; those that cannot be looked at are left out. */
export async function sizesOf(stack: string, settings: StackSettings): Promise<Size[]> {
  const folder = dataFolder(stack, settings.dataDir);
  const here: Size[] = [
    ...(settings.tier === "process" ? [{ what: "history" as const, bytes: below(join(folder, "server")) }] : []),
    { what: "logs", bytes: below(join(folder, "logs")) },
    { what: "worker", bytes: below(join(folder, "worker")) },
  ];
  const there = await Promise.all(
    (["server", "queue"] as const).map(async (part): Promise<Size[]> => {
      const said = await diskUsage(stack, settings, part).catch(() => "");
      const kilobytes = /^(\d+)\s/.exec(said)?.[1];
      return kilobytes ? [{ what: part === "server" ? "history" : "queue", bytes: Number(kilobytes) * 1024 }] : [];
    }),
  );
  return [...here.filter(({ bytes }) => bytes > 0), ...there.flat()];
}

/** `du` of the data folder of a part, in its container or pod; on tier cluster the history is Postgres's. */
async function diskUsage(stack: string, settings: StackSettings, part: "server" | "queue"): Promise<string> {
  const { tier, dockerContext, kubeContext = "", kubeconfig } = settings;
  const usage = ["du", "-sk", "/data"];
  if (tier === "docker") return await dockerSays(dockerContext, "exec", dockerNames(stack)[part], ...usage);
  if (tier === "process") return "";
  const keeper = tier === "cluster" ? "database" : "inngest";
  const pod = `statefulset/${part === "server" ? keeper : "queue"}`;
  const target = { context: kubeContext, kubeconfig };
  return await kubectlSays(target, "--namespace", namespaceOf(stack), "exec", pod, "--", ...usage);
}

function below(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

export function readable(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
