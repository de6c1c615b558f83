import { ApiError, type ListedFunction } from "../../lib/inngest/api.ts";
import { driftBetween, driftText, type FunctionDrift } from "../../lib/inngest/drift.ts";
import { reasonOf } from "./checks/check.ts";
import type { LiveStack } from "./live-stack.ts";

/** A finding of the worker's own audit. */
interface Finding {
  function: string;
  problem: FunctionDrift["problem"] | "not running";
  detail: string;
}

/** A difference between worker and server, or a cron that does not run. */
export interface Drift {
  problem: Finding["problem"];
  /** The same for people. */
  text: string;
}

/** What worker and server say of the same app. */
export interface Comparison {
  appId: string;
  drift: Drift[];
  /** Functions that the worker declares. */
  declared: ListedFunction[];
  /** Crons that do not run, by the worker's audit; `undefined` when it has none. */
  crons: Drift[] | undefined;
}

/** Why worker and server cannot be compared: one of them does not answer as it should. */
export class Unreachable extends Error {
  readonly who: "server" | "worker";
  /** Status of its answer; `undefined` when there was none. */
  readonly status: number | undefined;

  constructor(who: "server" | "worker", error: Error) {
    super(reasonOf(error));
    this.who = who;
    this.status = error instanceof ApiError ? error.status : undefined;
  }
}

/** Compares what worker and server say; resolves to why that is impossible. */
export async function compareFunctions(stack: LiveStack): Promise<Comparison | Unreachable> {
  return await stack.reach(async ({ api, endpoint, workerUrl }) => {
    try {
      const from = <T>(who: "server" | "worker", answer: Promise<T>) =>
        answer.catch((error: Error) => {
          throw new Unreachable(who, error);
        });
      const audit = () => auditOf(workerUrl, stack.outputs.signingKey);
      await from("server", api.runs(1));
      // Nobody calls a worker that connects: it compares on request.
      if (stack.connects)
        return await byAudit(await from("worker", audit()), (app) => from("server", api.functions(app)));
      const [{ appId, functions: declared }, audited] = await Promise.all([
        from("worker", endpoint.declared()),
        stack.isExternal ? undefined : audit().catch(() => undefined),
      ]);
      const listed = await from("server", api.functions(appId));
      const drift = driftBetween(declared, listed).map((each) => ({ problem: each.problem, text: driftText(each) }));
      return { appId, drift, declared, crons: audited && cronsIn(audited.drift) };
    } catch (error) {
      if (error instanceof Unreachable) return error;
      throw error;
    }
  });
}

interface Audit {
  app: string;
  drift: Finding[];
}

async function byAudit(
  audit: Audit | undefined,
  functionsOf: (app: string) => Promise<ListedFunction[]>,
): Promise<Comparison> {
  if (!audit) {
    throw new Unreachable("worker", new Error("it connects, and has no /audit to say what it declares"));
  }
  const drift = audit.drift.filter(({ problem }) => problem !== "not running").map(driftOf);
  return { appId: audit.app, drift, declared: await functionsOf(audit.app), crons: cronsIn(audit.drift) };
}

function cronsIn(findings: Finding[]): Drift[] {
  return findings.filter(({ problem }) => problem === "not running").map(driftOf);
}

function driftOf({ function: id, problem, detail }: Finding): Drift {
  return { problem, text: `${id} (${detail})` };
}

/** `undefined` for a worker without that page. */
async function auditOf(workerUrl: string, signingKey: string): Promise<Audit | undefined> {
  const headers = { authorization: `Bearer ${signingKey}` };
  const answer = await fetch(`${workerUrl}/audit`, { headers, signal: AbortSignal.timeout(30_000) });
  if (answer.status === 404) return undefined;
  const audit = (await answer.json()) as Audit & { error?: string };
  if (!answer.ok) throw new ApiError("GET /audit", answer.status, audit.error ?? "");
  return audit;
}
