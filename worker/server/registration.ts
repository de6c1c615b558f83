import { InngestCommHandler, type InngestFunction } from "inngest";
import { inngest } from "../client.ts";
import { type ServerFunction, triggerText } from "./api.ts";
import { signRequest } from "./signature.ts";

/** Where the SDK's endpoint is mounted, in the worker and in an app of yours alike. @default "/api/inngest" */
export const servePath = process.env.INNGEST_SERVE_PATH || "/api/inngest";

interface InBandAnswer {
  functions: { id: string; triggers: { event?: string; cron?: string; expression?: string }[] }[];
}

/**
 * Tells the server about this app's functions, with the same signed PUT that the server or a person would send. It is answered
 * in this process, so the worker needs no way to reach itself.
 *
 * @throws Error with the server's or the network's reason
 */
export async function register(functions: InngestFunction.Any[]): Promise<void> {
  if (!process.env.INNGEST_SERVE_ORIGIN) {
    throw new Error(
      "INNGEST_SERVE_ORIGIN is not set: the server would not know where to reach this app; set it, like http://127.0.0.1:3111.",
    );
  }
  const response = await put(functions, "");
  if (!response.ok) throw new Error(`Registration failed with ${response.status}: ${await messageOf(response)}`);
}

/** The functions as this app declares them. Asks the SDK for an in-band sync, which changes nothing on the server. */
export async function declaredFunctions(functions: InngestFunction.Any[]): Promise<ServerFunction[]> {
  const response = await put(functions, JSON.stringify({ url: endpoint().href }), { "x-inngest-sync-kind": "in_band" });
  if (!response.ok)
    throw new Error(`The SDK answered ${response.status} when asked for its functions: ${await messageOf(response)}`);
  const declared = (await response.json()) as InBandAnswer;
  return declared.functions.map(({ id, triggers }) => ({
    id: id.slice(inngest.id.length + 1),
    triggers: triggers.map(({ event, cron, expression }) =>
      cron ? triggerText("cron", cron) : triggerText("event", event ?? "", expression),
    ),
  }));
}

/** An app that connects is not reached by an address, but the SDK wants to hear one. */
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
    // A body without content is left out, because the SDK signs what it has read: no text.
    ...(body && { body }),
    headers: { ...headers, "x-inngest-signature": signRequest(body, inngest.signingKey ?? "") },
  });
  return handlerFor(functions, url)(request);
}

/** The framework's name must be the one that serves, or the server would see a change at each registration. */
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
