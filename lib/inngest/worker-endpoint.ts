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

  /**
   * Makes the worker register with its server.
   *
   * @throws {ApiError} when it cannot
   */
  async register(): Promise<void> {
    const response = await this.#put("", {});
    if (!response.ok) throw new ApiError("the worker could not register", response.status, await reasonIn(response));
  }

  /**
   * The functions that the worker declares. An in-band sync answers with them and changes nothing on the server:
   * docs/measurements.md#in-band-sync.
   */
  async declared(): Promise<{ appId: string; functions: ListedFunction[] }> {
    const body = JSON.stringify({ url: this.#url });
    const response = await this.#put(body, { "content-type": "application/json", "x-inngest-sync-kind": "in_band" });
    if (!response.ok) {
      throw new ApiError("the worker did not list its functions", response.status, await reasonIn(response));
    }
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

  /** The SDK's mode: `cloud` checks signatures, `dev` does not. */
  async mode(): Promise<string> {
    const response = await this.#call("GET", "", {});
    if (!response.ok)
      throw new ApiError("the worker did not report its mode", response.status, await reasonIn(response));
    return ((await response.json()) as { mode: string }).mode;
  }

  #put(body: string, headers: Record<string, string>): Promise<Response> {
    return this.#call("PUT", body, headers);
  }

  #call(method: string, body: string, headers: Record<string, string>): Promise<Response> {
    const time = String(Math.floor(Date.now() / 1000));
    // A signature covers body and time, and is valid for 5 minutes.
    const signature = createHmac("sha256", this.#signingKey)
      .update(body + time)
      .digest("hex");
    return fetch(this.#url, {
      method,
      headers: { ...headers, "x-inngest-signature": `t=${time}&s=${signature}` },
      body: body || null,
      signal: AbortSignal.timeout(30_000),
    });
  }
}

/** The error message in a worker's answer. */
async function reasonIn(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}
