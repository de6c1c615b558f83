import { eventType } from "inngest";
import { z } from "zod";

/** A name that is part of a path, so it must not begin with a dot. */
const pathName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/, "must be letters, digits, ._- (100 at most)");
const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// address" });

/** Refers to data that is too large for an event or a step's result; see claims/store.ts. */
export const claimSchema = z.object({
  reference: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Hash of the data, hexadecimal. */
  sha256: z.string().length(64),
  /** When the data may be removed, ISO 8601. */
  expiresAt: z.string(),
});

/** Requests that a document is fetched and processed. */
export const taskProcess = eventType("task/process", {
  schema: z.object({
    /** The document's http or https address. */
    url: httpUrl,
    /** Where to write the result: an absolute path, or one relative to the worker's `DATA_DIR/outputs`. */
    outputPath: z.string().min(1),
  }),
});

/** A `task/process` has completed. */
export const taskCompleted = eventType("task/completed", {
  schema: z.object({
    url: z.string(),
    /** Absolute path of the file that was written. */
    outputPath: z.string(),
    result: z.object({ bytes: z.number().int(), lines: z.number().int(), sha256: z.string() }),
  }),
});

/** Something in a project has changed. Changes to one project are handled one at a time. */
export const projectChanged = eventType("project/changed", {
  schema: z.object({ project: pathName, summary: z.string() }),
});

/** One record to import; the worker collects records into batches. */
export const recordImported = eventType("import/record", {
  schema: z.object({ collection: pathName, record: z.record(z.string(), z.unknown()) }),
});

/** A webhook with a valid signature has arrived. */
export const webhookReceived = eventType("webhook/received", {
  schema: z.object({ source: pathName, delivery: z.string(), body: z.unknown() }),
});

/** Requests that a recording is transcribed and summarized. */
export const mediaTranscribe = eventType("media/transcribe", {
  schema: z.object({ url: httpUrl }),
});

/** A recording's transcript and summary are ready. */
export const mediaTranscribed = eventType("media/transcribed", {
  schema: z.object({ url: z.string(), transcript: claimSchema, summary: z.string() }),
});

export const agentAsked = eventType("agent/asked", {
  schema: z.object({
    /** Identifies the conversation, for `agent/cancelled`. */
    conversation: z.string().min(1),
    question: z.string().min(1),
    /** How often the agent may ask the model. @default 8 */
    maxTurns: z.number().int().min(1).max(50).optional(),
  }),
});

export const agentAnswered = eventType("agent/answered", {
  schema: z.object({ conversation: z.string(), answer: z.string(), turns: z.number().int() }),
});

/** Stops the agent's work on a conversation. */
export const agentCancelled = eventType("agent/cancelled", {
  schema: z.object({ conversation: z.string() }),
});

const driftSchema = z.object({
  function: z.string(),
  problem: z.enum(["missing", "unexpected", "triggers", "not running"]),
  /** What was declared and what was found, human-readable. */
  detail: z.string(),
});

/** One difference between the functions that this app declares and what the server has or runs. */
export type Drift = z.infer<typeof driftSchema>;

/** Requests an audit in addition to the scheduled ones. */
export const auditRequested = eventType("audit/requested");

/** The server's functions differ from the declared ones, or a cron has not run. */
export const driftDetected = eventType("audit/drift.detected", {
  schema: z.object({ app: z.string(), drift: z.array(driftSchema) }),
});

/** Registering again has removed the drift that was detected. */
export const driftHealed = eventType("audit/drift.healed", {
  schema: z.object({ app: z.string(), drift: z.array(driftSchema) }),
});

/** The heartbeat has found something wrong. */
export const healthDegraded = eventType("health/degraded", {
  schema: z.object({ failing: z.array(z.object({ check: z.string(), seen: z.string() })) }),
});

/** Starts a run for `npm run verify` and `npm run demo`, which watch it or kill processes during it. It touches none of your data. */
export const verifyProbed = eventType("verify/probe", {
  schema: z.object({
    /** Identifies the run and its marks. */
    probe: pathName,
    /** Duration of the second step. @default 0: the step is skipped */
    holdSeconds: z.number().int().min(0).max(600).optional(),
    /** Duration of the sleep before the last step. @default 0: there is no sleep */
    napSeconds: z.number().int().min(0).max(86_400).optional(),
  }),
});

/** A probe's run has reached its last step. */
export const verifyChained = eventType("verify/probe.chained", { schema: z.object({ probe: pathName }) });
