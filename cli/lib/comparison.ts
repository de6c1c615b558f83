import type { ListedFunction } from "../../lib/inngest/api.ts";
import { driftBetween, driftText, type FunctionDrift } from "../../lib/inngest/drift.ts";
import { reasonOf } from "./checks/check.ts";
import type { LiveStack } from "./live-stack.ts";

/** One finding of the worker's own audit. */
interface Finding {
  function: string;
  problem: FunctionDrift["problem"] | "not running";
  detail: string;
}

/** A difference between worker and server, for people, and a cron that does not run. */
export type Seen = { problem: Finding["problem"]; text: string };

/** What worker and server say of the same app, read once. */
export interface View {
  appId: string;
  drift: Seen[];
  /** Functions that the worker declares. */
  declared: ListedFunction[];
  /** The worker's own look at its crons; `undefined` when it has none. */
  crons: Seen[] | undefined;
}

/** Why there is no {@link View}: of whom, and what came of it. */
export class NoView extends Error {
  readonly of: "server" | "worker";

  constructor(of: "server" | "worker", reason: string) {
    super(reason);
    this.of = of;
  }
}

/** Reads the view. Throws {@link NoView}. */
export async function viewOf(stack: LiveStack): Promise<View> {
  return await stack.reach(async ({ api, endpoint, workerUrl }) => {
    const from = <T>(of: "server" | "worker", answer: Promise<T>) =>
      answer.catch((error: Error) => {
        throw new NoView(of, reasonOf(error));
      });
    await from("server", api.runs(1));
    if (stack.connects) {
      // Nobody calls such a worker; it compares by itself, when it is asked.
      const audit = await from("worker", auditOf(workerUrl, stack.outputs.signingKey));
      if (!audit) throw new NoView("worker", "it connects, and has no /audit that would tell what it declares");
      const seen = audit.drift.map(seenOf);
      return {
        appId: audit.app,
        drift: seen.filter(({ problem }) => problem !== "not running"),
        declared: await from("server", api.functions(audit.app)),
        crons: seen.filter(({ problem }) => problem === "not running"),
      };
    }
    const { appId, functions: declared } = await from("worker", endpoint.declared());
    const listed = await from("server", api.functions(appId));
    const audit = stack.isExternal
      ? undefined
      : await auditOf(workerUrl, stack.outputs.signingKey).catch(() => undefined);
    return {
      appId,
      drift: driftBetween(declared, listed).map((each) => ({ problem: each.problem, text: driftText(each) })),
      declared,
      crons: audit?.drift.map(seenOf).filter(({ problem }) => problem === "not running"),
    };
  });
}

const seenOf = ({ function: id, problem, detail }: Finding): Seen => ({ problem, text: `${id} (${detail})` });

/** `undefined` for a worker without that page. */
async function auditOf(workerUrl: string, signingKey: string): Promise<{ app: string; drift: Finding[] } | undefined> {
  const headers = { authorization: `Bearer ${signingKey}` };
  const answer = await fetch(`${workerUrl}/audit`, { headers, signal: AbortSignal.timeout(30_000) });
  if (answer.status === 404) return undefined;
  const audit = (await answer.json()) as { app: string; drift: Finding[]; error?: string };
  if (!answer.ok) throw new Error(`HTTP ${answer.status}, ${audit.error}`);
  return audit;
}
