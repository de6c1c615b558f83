import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";

/** Environment variables by name; an empty one counts as not set. */
export type Variables = Record<string, string | undefined>;

/** What functions read. */
export type Settings = ReturnType<typeof toSettings>;

/** What the worker process reads. */
export type Environment = Settings & { transport: "serve" | "connect"; port: number; hosts: [string, ...string[]] };

/** The environment is not usable; the message has a line for each variable that is wrong. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

const fromStack = "the stack sets it for its worker (`pulumi stack output --show-secrets`)";
const optional = "it is optional";
const http = "an http:// or https:// address";
const ownAddress = "it is this worker's address as the server sees it, like http://127.0.0.1:3111";
const pairs = must("`source=secret` pairs separated by commas, a source being a-z, 0-9 and hyphens", optional);
const devMode =
  "INNGEST_DEV is set: it turns signature checks off, so anyone could run the worker's functions; unset it.";
const list = z
  .string()
  .trim()
  .default("")
  .transform((text) => text.split(/\s*,\s*/).filter(Boolean));
const hex = must("an even number of hexadecimal digits, without a `signkey-` prefix", fromStack);
/** Without a prefix, because the server signs with the text as it stands (inngest 1.43.0, httpdriver/util.go). */
const signingKey = z.string(hex).regex(/^([0-9a-f]{2})+$/i, hex);

/** Variables that functions read. All have defaults, so an existing app can mount the functions as they are. */
const functionVariables = z
  .object({
    /** The app's id on the server. */
    APP_ID: z.string().default("inngest-local"),
    /** The folder that this worker writes to. */
    DATA_DIR: z.string().default(join(tmpdir(), "inngest-local-worker")),
    /** Which functions are served. */
    WORK: z.enum(["both", "ai", "general"], must('"both" or "ai" or "general"', optional)).default("both"),
    /** Turns on shared state and the agent gateway's stream. */
    REDIS_URL: url(/^(rediss?|unix)$/, "a redis://, rediss:// or unix:// address", optional).optional(),
    /** Where claims are stored, see claims/driver.ts; by default in the folder `claims` in `DATA_DIR`. */
    CLAIM_STORE: url(/^(file|rediss?|s3)$/, "a file://, redis://, rediss:// or s3:// address", optional).optional(),
    AWS_ACCESS_KEY_ID: z.string().optional(),
    AWS_SECRET_ACCESS_KEY: z.string().optional(),
    /** A program and its arguments, `{input}` standing for the recording; it prints the transcript. */
    TRANSCRIBE_COMMAND: z.string().optional(),
    /** An endpoint with OpenAI's chat completions, including the `/v1`. */
    AI_BASE_URL: url(/^https?$/, http, "it is the model server's, like http://127.0.0.1:11434/v1").optional(),
    AI_MODEL: z.string().optional(),
    AI_API_KEY: z.string().optional(),
    /** How many steps' results are sent together; with 1, each is sent before the next step begins. */
    CHECKPOINT_STEPS: wholeNumber(1, 1000),
    /** `source=secret` pairs, separated by commas. */
    WEBHOOK_SECRETS: list
      .transform((entries) => entries.map((entry) => /^([a-z0-9-]+)=(.+)$/.exec(entry)))
      .refine((matches) => !matches.includes(null), pairs)
      .transform((matches) => new Map(matches.map((match) => [match?.[1] ?? "", match?.[2] ?? ""]))),
  })
  .check(
    requiredWith("AI_BASE_URL", /./, "AI_MODEL", "the name of a model", "the server at AI_BASE_URL lists its models"),
    ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((name) =>
      requiredWith("CLAIM_STORE", /^s3:/i, name, "a credential for the bucket", "its S3 service issues it"),
    ),
  );

/** The SDK reads the server's addresses and keys itself, so they are only checked here. */
const workerVariables = functionVariables
  .safeExtend({
    INNGEST_DEV: z
      .string()
      .regex(/^(0|false)$/i, devMode)
      .optional(),
    INNGEST_SIGNING_KEY: signingKey,
    INNGEST_SIGNING_KEY_FALLBACK: signingKey.optional(),
    INNGEST_EVENT_KEY: z.string(must("an event key of the server", fromStack)),
    /** `serve` waits for the server's requests, `connect` opens a connection to it. */
    TRANSPORT: z.enum(["serve", "connect"], must('"serve" or "connect"', optional)).default("serve"),
    INNGEST_SERVE_ORIGIN: url(/^https?$/, http, ownAddress).optional(),
    INNGEST_BASE_URL: url(/^https?$/, http, "it is the server's own address, like http://127.0.0.1:8288"),
    INNGEST_CONNECT_GATEWAY_URL: url(/^wss?$/, "a ws:// or wss:// address", "it is the connect gateway's").optional(),
    PORT: wholeNumber(3111, 65535),
    /** Addresses to listen on, separated by commas: the first must be available at once, the others may appear later. */
    HOST: list,
  })
  .check(requiredWith("TRANSPORT", /^(?!connect$)/, "INNGEST_SERVE_ORIGIN", http, ownAddress));

/** {@link Settings} of this process. @throws {EnvironmentError} when a variable is malformed */
export function settings(): Settings {
  return toSettings(parse(functionVariables, process.env));
}

/**
 * Reads and checks everything that the worker process needs.
 *
 * @throws {EnvironmentError} naming every variable that is missing or malformed, never a value, which may be a secret
 */
export function readEnvironment(variables: Variables): Environment {
  const read = parse(workerVariables, variables);
  const [firstHost = "127.0.0.1", ...otherHosts] = read.HOST;
  return { ...toSettings(read), transport: read.TRANSPORT, port: read.PORT, hosts: [firstHost, ...otherHosts] };
}

function toSettings(read: z.output<typeof functionVariables>) {
  const { AI_BASE_URL, AI_MODEL = "", AI_API_KEY, CLAIM_STORE } = read;
  const dataDirectory = resolve(read.DATA_DIR);
  return {
    appId: read.APP_ID,
    dataDirectory,
    work: read.WORK,
    claimStore: CLAIM_STORE ? new URL(CLAIM_STORE) : pathToFileURL(join(dataDirectory, "claims")),
    redisUrl: read.REDIS_URL,
    transcribeCommand: read.TRANSCRIBE_COMMAND,
    ai: AI_BASE_URL ? { baseUrl: AI_BASE_URL.replace(/\/$/, ""), apiKey: AI_API_KEY, model: AI_MODEL } : undefined,
    checkpointSteps: read.CHECKPOINT_STEPS,
    webhookSecrets: read.WEBHOOK_SECRETS,
  };
}

function parse<T>(schema: z.ZodType<T>, variables: Variables): T {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(variables).filter(([, value]) => value)));
  if (parsed.success) return parsed.data;
  throw new EnvironmentError(parsed.error.issues.map(({ message }) => message).join("\n"));
}

function must(rule: string, source: string) {
  const error = ({ path = [], input }: z.core.$ZodRawIssue) =>
    `${path.join()} ${input === undefined ? "is not set" : "is malformed"}: it must be ${rule}; ${source}.`;
  return { error };
}

/** Requires `name` when `other` matches, even if another variable is wrong: all problems are reported at once. */
function requiredWith(other: string, pattern: RegExp, name: string, rule: string, source: string) {
  const error = `${name} is not set: it must be ${rule}; ${source}.`;
  const isMet = (read: Record<string, unknown>) => read[name] !== undefined || !pattern.test(String(read[other] ?? ""));
  return z.refine<Record<string, unknown>>(isMet, { path: [name], error, when: () => true });
}

function url(protocol: RegExp, rule: string, source: string) {
  return z.url({ protocol, ...must(rule, source) });
}

function wholeNumber(fallback: number, highest: number) {
  const rule = must(`a whole number from 1 to ${highest}`, `the default is ${fallback}`);
  const isInRange = (number: number) => Number.isInteger(number) && number >= 1 && number <= highest;
  return z.coerce.number(rule).refine(isInRange, rule).default(fallback);
}
