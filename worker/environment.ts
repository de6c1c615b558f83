import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The environment as a process sees it: names to text, absent when not set. */
export type Variables = Record<string, string | undefined>;

/** What functions need to know; everything has a default, so that an existing app can mount them as they are. */
export interface Settings {
  /** `APP_ID`: the app's id on the server. @default "inngest-local" */
  appId: string;
  /** `DATA_DIR`: the folder this worker may fill. @default a folder under the system's temporary directory */
  dataDirectory: string;
  /** `WORK`: which functions are served. @default "both" */
  work: "ai" | "general" | "both";
  /** `CLAIM_STORE`: `file:`, `redis:`, `rediss:` or `s3:`, see claims/driver.ts. @default the folder `claims` in `DATA_DIR` */
  claimStore: URL;
  /** `REDIS_URL`: turns on shared state and the agent gateway. */
  redisUrl: string | undefined;
  /** `TRANSCRIBE_COMMAND`: a program and its arguments, `{input}` standing for the file; it prints the transcript. */
  transcribeCommand: string | undefined;
  /** `AI_BASE_URL` (with the `/v1`), `AI_API_KEY`, `AI_MODEL`: any endpoint that speaks OpenAI's chat completions. */
  ai: { baseUrl: string; apiKey: string | undefined; model: string } | undefined;
  /** `CHECKPOINT_STEPS`: steps whose results are sent together. @default 1: each before the next one begins */
  checkpointSteps: number;
  /** `WEBHOOK_SECRETS`: `source=secret`, separated by commas. */
  webhookSecrets: ReadonlyMap<string, string>;
}

/**
 * What the whole worker is told from outside, checked and parsed.
 *
 * Addresses and keys of the server are checked too, but not part of it, because the SDK reads them itself: `INNGEST_BASE_URL`,
 * `INNGEST_SIGNING_KEY`, `INNGEST_SIGNING_KEY_FALLBACK`, `INNGEST_EVENT_KEY`, `INNGEST_CONNECT_GATEWAY_URL`, and with the
 * transport `serve` also `INNGEST_SERVE_ORIGIN`.
 */
export interface Environment extends Settings {
  /** `TRANSPORT`: `serve` waits for the server's requests, `connect` opens a connection to it. @default "serve" */
  transport: "serve" | "connect";
  /** `PORT` @default 3111 */
  port: number;
  /** `HOST`: addresses to listen on; the first must bind, the others may appear later. @default ["127.0.0.1"] */
  hosts: [string, ...string[]];
}

/** The environment is not usable; `problems` has one sentence for each variable that is wrong. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** {@link Settings} of this process. @throws EnvironmentError */
export function settings(): Settings {
  const reader = new Reader(process.env);
  const read = readSettings(reader);
  reader.finish();
  return read;
}

/**
 * Reads what {@link Environment} lists.
 *
 * @throws EnvironmentError naming every variable that is missing or malformed, never the value of one that may be a secret.
 */
export function readEnvironment(variables: Variables): Environment {
  const reader = new Reader(variables);
  reader.refuseDevMode();
  // Bare, because the server signs with the text as it stands (inngest 1.43.0, httpdriver/util.go) while the SDK strips a prefix.
  reader.key("INNGEST_SIGNING_KEY");
  if (variables.INNGEST_SIGNING_KEY_FALLBACK) reader.key("INNGEST_SIGNING_KEY_FALLBACK");
  if (!variables.INNGEST_EVENT_KEY) reader.complain("INNGEST_EVENT_KEY", "an event key of the server", FROM_STACK);
  const transport = reader.choice("TRANSPORT", ["serve", "connect"]);
  if (transport === "serve" || variables.INNGEST_SERVE_ORIGIN) {
    reader.httpUrl(
      "INNGEST_SERVE_ORIGIN",
      "it is this worker's address as the server sees it, like http://127.0.0.1:3111",
    );
  }
  reader.httpUrl("INNGEST_BASE_URL", "it is the server's own address, like http://127.0.0.1:8288");
  const environment: Environment = {
    ...readSettings(reader),
    transport,
    port: reader.whole("PORT", 3111, 65535),
    hosts: reader.hosts("HOST", "127.0.0.1"),
  };
  if (variables.INNGEST_CONNECT_GATEWAY_URL) {
    reader.url(
      "INNGEST_CONNECT_GATEWAY_URL",
      /^wss?:$/,
      "a ws:// or wss:// address",
      "it is the server's connect gateway",
    );
  }
  reader.finish();
  return environment;
}

const FROM_STACK = "the stack gives it to its worker (`pulumi stack output --show-secrets`)";
const FROM_YOU = "it is yours to choose, and may be left out";

function readSettings(reader: Reader): Settings {
  const { variables } = reader;
  const dataDirectory = resolve(variables.DATA_DIR || join(tmpdir(), "inngest-local-worker"));
  if (variables.REDIS_URL) reader.url("REDIS_URL", /^rediss?:$/, "a redis:// or rediss:// address", FROM_YOU);
  const claimStore = variables.CLAIM_STORE
    ? reader.url("CLAIM_STORE", /^(file|rediss?|s3):$/, "a file://, redis://, rediss:// or s3:// address", FROM_YOU)
    : pathToFileURL(join(dataDirectory, "claims"));
  for (const name of claimStore.protocol === "s3:" ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : []) {
    if (!variables[name])
      reader.complain(name, "a credential for the bucket", "the S3 service of CLAIM_STORE gives it");
  }
  return {
    appId: variables.APP_ID || "inngest-local",
    dataDirectory,
    work: reader.choice("WORK", ["both", "ai", "general"]),
    claimStore,
    redisUrl: variables.REDIS_URL || undefined,
    transcribeCommand: variables.TRANSCRIBE_COMMAND || undefined,
    ai: readAi(reader),
    checkpointSteps: reader.whole("CHECKPOINT_STEPS", 1, 1000),
    webhookSecrets: reader.pairs("WEBHOOK_SECRETS"),
  };
}

function readAi(reader: Reader): Settings["ai"] {
  const { AI_BASE_URL, AI_API_KEY, AI_MODEL } = reader.variables;
  if (!AI_BASE_URL) return undefined;
  const baseUrl = reader.httpUrl("AI_BASE_URL", "it is the model server's, like http://127.0.0.1:11434/v1");
  if (!AI_MODEL) reader.complain("AI_MODEL", "the name of a model", "the server at AI_BASE_URL lists its models");
  return { baseUrl: baseUrl.href.replace(/\/$/, ""), apiKey: AI_API_KEY || undefined, model: AI_MODEL ?? "" };
}

/** Reads variables one by one and collects what is wrong, so that a person learns of every problem at once. */
class Reader {
  readonly variables: Variables;
  readonly #problems: string[] = [];

  constructor(variables: Variables) {
    this.variables = variables;
  }

  finish(): void {
    if (this.#problems.length > 0) throw new EnvironmentError(this.#problems);
  }

  complain(name: string, must: string, from: string): void {
    const state = this.variables[name] ? "is malformed" : "is not set";
    this.#problems.push(`${name} ${state}: it must be ${must}; ${from}.`);
  }

  refuseDevMode(): void {
    const { INNGEST_DEV } = this.variables;
    if (!INNGEST_DEV || /^(0|false)$/i.test(INNGEST_DEV)) return;
    this.#problems.push(
      "INNGEST_DEV is set: it turns signature checks off, so anybody could run this worker's functions; unset it.",
    );
  }

  key(name: string): void {
    if (/^([0-9a-f]{2})+$/i.test(this.variables[name] ?? "")) return;
    this.complain(name, "hexadecimal digits, an even number of them, without a `signkey-` prefix", FROM_STACK);
  }

  url(name: string, protocol: RegExp, must: string, from: string): URL {
    const parsed = URL.parse(this.variables[name] ?? "");
    if (parsed && protocol.test(parsed.protocol)) return parsed;
    this.complain(name, must, from);
    return new URL("http://invalid");
  }

  httpUrl(name: string, from: string): URL {
    return this.url(name, /^https?:$/, "an http:// or https:// address", from);
  }

  choice<const T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.variables[name] || choices[0];
    const chosen = choices.find((choice) => choice === value);
    if (!chosen) this.complain(name, choices.map((choice) => `"${choice}"`).join(" or "), FROM_YOU);
    return chosen ?? choices[0];
  }

  whole(name: string, fallback: number, highest: number): number {
    const number = Number(this.variables[name] || fallback);
    if (!Number.isInteger(number) || number < 1 || number > highest) {
      this.complain(name, `a whole number from 1 to ${highest}`, `${fallback} is taken without it`);
    }
    return number;
  }

  hosts(name: string, fallback: string): [string, ...string[]] {
    const [first = fallback, ...others] = (this.variables[name] ?? "")
      .split(",")
      .map((host) => host.trim())
      .filter(Boolean);
    return [first, ...others];
  }

  pairs(name: string): Map<string, string> {
    const entries = (this.variables[name] ?? "")
      .split(",")
      .map((entry) => entry.trim())
      .filter(Boolean);
    const pairs = entries.map((entry) => /^([a-z0-9-]+)=(.+)$/.exec(entry));
    if (pairs.includes(null)) {
      this.complain(name, "`source=secret` pairs separated by commas, a source being a-z, 0-9 and hyphens", FROM_YOU);
    }
    return new Map(pairs.map((match) => [match?.[1] ?? "", match?.[2] ?? ""]));
  }
}
