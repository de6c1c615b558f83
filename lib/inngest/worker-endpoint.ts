import { createHmac } from "node:crypto";
import { ApiError, type ListedFunction } from "./api.ts";

/** Client of a worker's Inngest endpoint, with signed requests like the server's. */
export class WorkerEndpoint {
  readonly #url: string;
  readonly #signingKey: string;

  constructor(url: string, signingKey: string) {
    this.#url = url;
    this.#signingKey = signingKey;
  }

  /** Makes the worker register with its server. @throws {ApiError} when it cannot */
  async register(): Promise<void> {
    await this.#call("the worker could not register", "PUT");
  }

  /**
   * The functions that the worker declares. An in-band sync answers with them and changes nothing on the server:
   * docs/measurements.md#in-band-sync.
   *
   * @throws {ApiError} when it cannot
   */
  async declared(): Promise<{ appId: string; functions: ListedFunction[] }> {
    const body = JSON.stringify({ url: this.#url });
    const headers = { "content-type": "application/json", "x-inngest-sync-kind": "in_band" };
    const response = await this.#call("the worker did not list its functions", "PUT", body, headers);
    const declared = (await response.json()) as {
      app_id: string;
      functions: { id: string; triggers: { event?: string; cron?: string; expression?: string }[] }[];
    };
    return {
      appId: declared.app_id,
      functions: declared.functions.map(({ id, triggers }) => ({
        id: id.startsWith(`${declared.app_id}-`) ? id.slice(declared.app_id.length + 1) : id,
        triggers: triggers.map(({ event = "", cron, expression }) => (cron ? { cron } : { event, if: expression })),
      })),
    };
  }

  /** The SDK's mode: `cloud` checks signatures, `dev` does not. @throws {ApiError} when the worker does not report it */
  async mode(): Promise<string> {
    const response = await this.#call("the worker did not report its mode", "GET");
    return ((await response.json()) as { mode: string }).mode;
  }

  async #call(failure: string, method: string, body = "", headers: Record<string, string> = {}): Promise<Response> {
    const time = String(Math.floor(Date.now() / 1000));
    // A signature covers body and time, and is valid for 5 minutes.
    const signature = createHmac("sha256", this.#signingKey)
      .update(body + time)
      .digest("hex");
    const response = await fetch(this.#url, {
      method,
      headers: { ...headers, "x-inngest-signature": `t=${time}&s=${signature}` },
      body: body || null,
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new ApiError(failure, response.status, await reasonIn(response));
    return response;
  }
}

async function reasonIn(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
