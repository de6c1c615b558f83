import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signRequest } from "../../server/signature.ts";
import { freePort, type Running, start, until } from "./processes.ts";

export interface RunInfo {
  id: string;
  status: string;
  function: { id: string };
  output?: unknown;
}

/** A real Inngest server with its own folder, ports and keys. */
export class TestServer {
  readonly signingKey = randomBytes(32).toString("hex");
  readonly eventKey = randomBytes(16).toString("hex");
  readonly #folder: string;
  readonly #ports: number[];
  readonly #redisUrl: string | undefined;
  #process: Running | undefined;

  private constructor(folder: string, ports: number[], redisUrl: string | undefined) {
    this.#folder = folder;
    this.#ports = ports;
    this.#redisUrl = redisUrl;
  }

  static async start(redisUrl?: string): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "inngest-server-"));
    const ports: number[] = [];
    while (ports.length < 4) ports.push(await freePort());
    const server = new TestServer(folder, ports, redisUrl);
    await server.boot();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  async boot(): Promise<void> {
    const [port, gateway, gatewayGrpc, executorGrpc] = this.#ports.map(String) as [string, string, string, string];
    const env = {
      HOME: this.#folder,
      DO_NOT_TRACK: "1",
      INNGEST_HOST: "127.0.0.1",
      INNGEST_PORT: port,
      INNGEST_CONNECT_GATEWAY_PORT: gateway,
      INNGEST_CONNECT_GATEWAY_GRPC_PORT: gatewayGrpc,
      INNGEST_CONNECT_EXECUTOR_GRPC_PORT: executorGrpc,
      INNGEST_SIGNING_KEY: this.signingKey,
      INNGEST_EVENT_KEY: this.eventKey,
      INNGEST_SQLITE_DIR: this.#folder,
      INNGEST_TICK: "50",
      // The default retries a failed attempt only after 20 to 30 s.
      INNGEST_RETRY_INTERVAL: "2",
      ...(this.#redisUrl && { INNGEST_REDIS_URI: this.#redisUrl }),
    };
    this.#process = start("inngest", ["start", "--no-ui"], env, this.#folder);
    await until("the server answered", async () => (await fetch(`${this.url}/health`)).ok);
  }

  async halt(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#process?.end(signal);
  }

  /** Restarts the server without its data. */
  async reset(): Promise<void> {
    await this.halt("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder);
    await this.boot();
  }

  /** Ends the server and removes its data. */
  async dispose(): Promise<void> {
    await this.halt("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Sends an event and returns its id. */
  async send(name: string, data: unknown): Promise<string> {
    const response = await fetch(`${this.url}/e/${this.eventKey}`, {
      method: "POST",
      body: JSON.stringify({ name, data }),
    });
    const { ids } = (await response.json()) as { ids: [string] };
    return ids[0];
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path, { headers: { authorization: `Bearer ${this.signingKey}` } });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
    return (await response.json()) as T;
  }

  async runsOf(eventId: string): Promise<RunInfo[]> {
    const { data } = await this.get<{ data?: RunInfo[] }>(`/v2/events/${eventId}/runs?includeOutput=true`);
    return data ?? [];
  }

  /** All runs of one function, newest first. */
  async runsOfFunction(functionId: string): Promise<RunInfo[]> {
    const query = `appId=inngest-local&functionId=${functionId}&limit=100&includeOutput=true`;
    return (await this.get<{ data?: RunInfo[] }>(`/v2/runs?${query}`)).data ?? [];
  }

  /** Waits until the function's run for the event has ended. */
  async ended(eventId: string, functionId: string, timeoutMs?: number): Promise<RunInfo> {
    return until(
      `the run of ${functionId} ended`,
      async () =>
        (await this.runsOf(eventId)).find(
          (run) => run.function.id === functionId && ["COMPLETED", "FAILED", "CANCELLED"].includes(run.status),
        ),
      timeoutMs,
    );
  }

  async functionIds(): Promise<string[]> {
    return (await this.#functions()).map(({ id }) => id);
  }

  async triggersOf(functionId: string): Promise<string[]> {
    const fn = (await this.#functions()).find(({ id }) => id === functionId);
    return (fn?.triggers ?? []).map(({ value }) => value);
  }

  async eventNames(): Promise<string[]> {
    const { data } = await this.get<{ data?: { name: string }[] }>("/v1/events?limit=50");
    return (data ?? []).map(({ name }) => name);
  }

  /** Makes an app register itself, with a signed PUT. */
  async requestRegistration(origin: string): Promise<void> {
    const headers = { "x-inngest-signature": signRequest("", this.signingKey) };
    const response = await fetch(`${origin}/api/inngest`, { method: "PUT", headers });
    if (!response.ok) throw new Error(`PUT answered ${response.status}: ${await response.text()}`);
  }

  async #functions(): Promise<{ id: string; triggers: { value: string }[] }[]> {
    const path = "/v2/apps/inngest-local/functions?limit=100";
    return (await this.get<{ data?: { id: string; triggers: { value: string }[] }[] }>(path)).data ?? [];
  }
}
