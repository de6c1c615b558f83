import { eventType } from "inngest";
import { z } from "zod";

/** Names that become part of a path: letters, digits, dot, underscore and hyphen, not beginning with a dot. */
const pathName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/, "must be letters, digits, ._- (100 at most)");
const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// address" });

/** Points to data that is too large for an event or a step's result; see claims/store.ts. */
export const claimSchema = z.object({
  reference: z.string(),
  /** Size of the data in bytes. */
  bytes: z.number().int().nonnegative(),
  /** Of the data, in hexadecimal digits. */
  sha256: z.string().length(64),
  /** When the data may be removed, as an ISO 8601 time. */
  expiresAt: z.string(),
});

/** Ask for a document to be fetched and processed. */
export const taskProcess = eventType("task/process", {
  schema: z.object({
    /** What to fetch, over http or https. */
    url: httpUrl,
    /** Where the result goes: an absolute path, or one relative to the worker's `DATA_DIR/outputs`. */
    outputPath: z.string().min(1),
  }),
});

/** A `task/process` has ended well. */
export const taskCompleted = eventType("task/completed", {
  schema: z.object({
    url: z.string(),
    /** The file that was written, as an absolute path. */
    outputPath: z.string(),
    result: z.object({ bytes: z.number().int(), lines: z.number().int(), sha256: z.string() }),
  }),
});

/** Something in a project has changed; changes of one project are handled one after the other. */
export const projectChanged = eventType("project/changed", {
  schema: z.object({ project: pathName, summary: z.string() }),
});

/** One record of an import; the worker collects them into batches. */
export const recordImported = eventType("import/record", {
  schema: z.object({ collection: pathName, record: z.record(z.string(), z.unknown()) }),
});

/** A webhook has arrived and its signature was right. */
export const webhookReceived = eventType("webhook/received", {
  schema: z.object({ source: pathName, delivery: z.string(), body: z.unknown() }),
});

/** Ask for a recording to be transcribed and summarised. */
export const mediaTranscribe = eventType("media/transcribe", {
  schema: z.object({ url: httpUrl }),
});

/** A recording's transcript and summary are ready. */
export const mediaTranscribed = eventType("media/transcribed", {
  schema: z.object({ url: z.string(), transcript: claimSchema, summary: z.string() }),
});

/** Ask the agent. */
export const agentAsked = eventType("agent/asked", {
  schema: z.object({
    /** Names the conversation, to cancel it by. */
    conversation: z.string().min(1),
    question: z.string().min(1),
    /** How often the model may be asked. @default 8 */
    maxTurns: z.number().int().min(1).max(50).optional(),
  }),
});

/** The agent has an answer. */
export const agentAnswered = eventType("agent/answered", {
  schema: z.object({ conversation: z.string(), answer: z.string(), turns: z.number().int() }),
});

/** Stop the agent's work on a conversation. */
export const agentCancelled = eventType("agent/cancelled", {
  schema: z.object({ conversation: z.string() }),
});

const driftSchema = z.object({
  function: z.string(),
  problem: z.enum(["missing", "unexpected", "triggers", "not running"]),
  /** What was declared and what was found, for people. */
  detail: z.string(),
});

/** One difference between what this app declares and what the server does. */
export type Drift = z.infer<typeof driftSchema>;

/** Audit now, besides every quarter of an hour. */
export const auditRequested = eventType("audit/requested");

/** The server's triggers are not the declared ones, or a cron has not run. */
export const driftDetected = eventType("audit/drift.detected", {
  schema: z.object({ app: z.string(), drift: z.array(driftSchema) }),
});

/** Registering again has removed the drift. */
export const driftHealed = eventType("audit/drift.healed", {
  schema: z.object({ app: z.string(), drift: z.array(driftSchema) }),
});

/** A heartbeat has found something wrong. */
export const healthDegraded = eventType("health/degraded", {
  schema: z.object({ failing: z.array(z.object({ check: z.string(), seen: z.string() })) }),
});

/** Asks for a run that `npm run verify` follows, or kills something under; nothing of yours takes part. */
export const verifyProbed = eventType("verify/probe", {
  schema: z.object({
    /** Names the run and its marks. */
    probe: pathName,
    /** How long its second step works. @default 0, which leaves that step out */
    holdSeconds: z.number().int().min(0).max(600).optional(),
    /** How long it sleeps between two steps. @default 0, which leaves the sleep out */
    napSeconds: z.number().int().min(0).max(86_400).optional(),
  }),
});

/** A probe's run has come to its last step. */
export const verifyChained = eventType("verify/probe.chained", { schema: z.object({ probe: pathName }) });
