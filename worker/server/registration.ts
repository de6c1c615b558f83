import { InngestCommHandler, type InngestFunction } from "inngest";
import { inngest } from "../client.ts";
import type { ListedFunction } from "./api.ts";
import { signRequest } from "./signature.ts";

/** Path of the SDK's endpoint, in the worker and in any app that mounts its functions. @default "/api/inngest" */
export const servePath = process.env.INNGEST_SERVE_PATH || "/api/inngest";

interface InBandSync {
  functions: { id: string; triggers: { event?: string; cron?: string; expression?: string }[] }[];
}

/**
 * Registers this app's functions with the server, with the same signed PUT that the server sends. The PUT is answered in this
 * process, so the worker does not have to reach itself over the network.
 *
 * @throws {Error} with the server's or the network's reason
 */
export async function register(functions: InngestFunction.Any[]): Promise<void> {
  if (!process.env.INNGEST_SERVE_ORIGIN) {
    throw new Error(
      "INNGEST_SERVE_ORIGIN is not set, so the server would not know where to reach this app: set it, like http://127.0.0.1:3111.",
    );
  }
  const response = await put(functions, "");
  if (!response.ok) throw new Error(`Registration failed with ${response.status}: ${await messageOf(response)}`);
}

/** The functions as this app declares them, from an in-band sync of the SDK, which changes nothing on the server. */
export async function declaredFunctions(functions: InngestFunction.Any[]): Promise<ListedFunction[]> {
  const response = await put(functions, JSON.stringify({ url: endpoint().href }), { "x-inngest-sync-kind": "in_band" });
  if (!response.ok) {
    throw new Error(`The SDK answered ${response.status} when asked for its functions: ${await messageOf(response)}`);
  }
  const declared = (await response.json()) as InBandSync;
  return declared.functions.map(({ id, triggers }) => ({
    id: id.slice(inngest.id.length + 1),
    triggers: triggers.map(({ event = "", cron, expression }) => (cron ? { cron } : { event, if: expression })),
  }));
}

/** An app that connects is not reached by address, but the SDK requires one. */
function endpoint(): URL {
  return new URL(servePath, process.env.INNGEST_SERVE_ORIGIN || "http://localhost");
}

async function put(
  functions: InngestFunction.Any[],
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const url = endpoint();
  const request = new Request(url, {
    method: "PUT",
    // An empty body is omitted: the SDK verifies the signature over what it has read, which is no text.
    ...(body && { body }),
    headers: { ...headers, "x-inngest-signature": signRequest(body, inngest.signingKey ?? "") },
  });
  return handlerFor(functions, url)(request);
}

/** `frameworkName` must be the one of the real endpoint, or every registration would look like a change to the server. */
function handlerFor(functions: InngestFunction.Any[], url: URL): (request: Request) => Promise<Response> {
  return new InngestCommHandler({
    frameworkName: "hono",
    client: inngest,
    functions,
    serveOrigin: url.origin,
    servePath: url.pathname,
    handler: (request: Request) => ({
      body: () => request.text(),
      headers: (name) => request.headers.get(name),
      method: () => request.method,
      url: () => url,
      transformResponse: ({ body, status, headers }) => new Response(body, { status, headers }),
    }),
  }).createHandler();
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
