import { createHmac } from "node:crypto";
import { neededForward } from "../../lib/places/forward.ts";
import { dashboardUser } from "../../lib/render/caddyfile.ts";
import { reasonOf } from "../lib/checks/check.ts";
import { openListeners } from "../lib/checks/open-listeners.ts";
import { Unreachable } from "../lib/comparison.ts";
import type { LiveStack, Reached } from "../lib/live-stack.ts";
import { failed, passed, skipped, type VerifyCheck, type VerifyContext } from "./outcome.ts";

/** What of the server needs the password, with a call to each that does nothing when it is let in. */
const protectedCalls = {
  GraphQL: { path: "/v0/gql", body: '{"query":"{__typename}"}' },
  MCP: { path: "/mcp", body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' },
  invoke: { path: "/invoke/verify-nothing", body: "{}" },
  metrics: { path: "/metrics" },
} as const;
/** Closed to everybody on tiers with a password. */
const debugPaths = ["/debug/vars", "/debug/pprof/cmdline"];

/** `dashboard`, `signed` and `fenced`: who is let in where. */
export function edgeChecks({ stack, comparison }: VerifyContext): VerifyCheck[] {
  const { dashboardPassword } = stack.outputs;
  return [
    { id: "dashboard", run: () => stack.reach((reached) => dashboard(stack, reached)) },
    {
      id: "signed",
      async run() {
        const found = await comparison();
        // A worker with other keys refuses as well; one that is down refuses nobody.
        if (found instanceof Unreachable && found.who === "worker" && found.status === undefined) {
          return skipped("the worker does not answer: see registered");
        }
        return await stack.reach((reached) => signed(stack, reached));
      },
    },
    {
      id: "fenced",
      async run() {
        const open = await openListeners(stack);
        const undocumented = open.filter(({ documented }) => !documented);
        if (undocumented.length > 0) {
          const list = undocumented.map(({ who, host, port }) => `${who} at ${host}:${port}`).join(", ");
          return failed(
            `reached from other machines: ${list}`,
            "a port was published or a listener opened by hand, or by code of the worker",
            `close it, and npm start -- --stack ${stack.name}; only a setting may open an address beyond loopback`,
          );
        }
        const connect = open.map(({ port }) => port).sort();
        const exception =
          connect.length > 0
            ? `, except Connect's ports ${connect.join(", ")}, which listen on every interface until a firewall closes them`
            : "";
        return await stack.reach(({ apiUrl }) =>
          dashboardPassword
            ? exposure(stack, apiUrl, dashboardPassword, exception)
            : exposureWithoutPassword(apiUrl, exception),
        );
      },
    },
  ];
}

async function dashboard(stack: LiveStack, { apiUrl }: Reached) {
  const { dashboardUrl, dashboardPassword } = stack.outputs;
  if (!stack.settings.dashboard) return skipped("the stack serves none: `dashboard` is false");
  const url = neededForward(stack.outputs) ? apiUrl : dashboardUrl;
  const again = `npm start -- --stack ${stack.name}; npm run doctor -- --stack ${stack.name} looks further`;
  const open = await answerOf(url);
  if (typeof open === "string") {
    return failed(`nothing answers at ${url}: ${open}`, "the server is down, or another program has its port", again);
  }
  if (!dashboardPassword) {
    if (open === 200) return passed(`answers at ${url}, without a password: this tier has none, on loopback`);
    return failed(`${url} answers ${open}`, "another program has the server's port", again);
  }
  if (open !== 401) {
    return failed(
      `${url} answers ${open} without the password`,
      "the gateway is not in front of the server: its container was changed, or another program has its port",
      again,
    );
  }
  const status = await answerOf(url, { headers: basic(dashboardPassword) });
  if (status === 200) return passed(`asks for the password at ${url}, and answers with it (npm run open gives it)`);
  return failed(
    `${url} answers ${status} with the password`,
    "the gateway has another password than the stack, or cannot reach the server",
    again,
  );
}

async function signed(stack: LiveStack, { endpointUrl }: Reached) {
  // No function has this name, so that nothing runs where the call is let in.
  const url = `${endpointUrl}?fnId=verify-nothing&stepId=step`;
  const body = "{}";
  const time = Math.floor(Date.now() / 1000);
  const forged = createHmac("sha256", "00".repeat(32)).update(`${body}${time}`).digest("hex");
  const calls = {
    unsigned: {},
    "wrongly signed": { "x-inngest-signature": `t=${time}&s=${forged}` },
  };
  const accepted: string[] = [];
  for (const [kind, headers] of Object.entries(calls)) {
    const status = await answerOf(url, { method: "POST", body, headers });
    // A worker that connects has no endpoint at all.
    if (status !== 401 && !(stack.connects && status === 404)) accepted.push(`${kind}: ${status}`);
  }
  if (accepted.length === 0) {
    return passed(
      stack.connects
        ? "the worker connects, and takes no calls"
        : "unsigned and wrongly signed calls are refused with 401",
    );
  }
  return failed(
    `the worker does not refuse calls (${accepted.join(", ")}): anybody who reaches it can run its functions`,
    "INNGEST_DEV is set for the worker, which turns off the check of signatures",
    stack.isExternal
      ? "unset INNGEST_DEV where your app is started; INNGEST_BASE_URL alone keeps it from Inngest Cloud"
      : `unset INNGEST_DEV in the worker's code and environment, and npm start -- --stack ${stack.name}`,
  );
}

async function exposure(stack: LiveStack, apiUrl: string, password: string, exception: string) {
  const open: string[] = [];
  for (const [name, { path, ...call }] of Object.entries(protectedCalls)) {
    const status = await answerOf(apiUrl + path, json(call));
    if (!isClosed(status)) open.push(`${name} answers ${status}`);
  }
  for (const path of debugPaths) {
    for (const [who, headers] of [
      ["without", {}],
      ["with", basic(password)],
    ] as const) {
      const status = await answerOf(apiUrl + path, { headers });
      if (!isClosed(status)) open.push(`${path} answers ${status} ${who} the password`);
    }
  }
  if (open.length === 0) {
    const names = Object.keys(protectedCalls).join(", ");
    return passed(`${names} ask for the password, debug pages answer nobody, and all listens on loopback${exception}`);
  }
  return failed(
    `open without the password: ${open.join(", ")}`,
    "the server is reached past the gateway: its own port was published, or the gateway's rules were changed",
    `npm start -- --stack ${stack.name}, which puts both back`,
  );
}

async function exposureWithoutPassword(apiUrl: string, exception: string) {
  const open: string[] = [];
  for (const [name, { path, ...call }] of Object.entries(protectedCalls)) {
    // A call that is let in there has sent an event, if one that starts nothing.
    if (name !== "invoke" && !isClosed(await answerOf(apiUrl + path, json(call)))) open.push(name);
  }
  if ((await answerOf(apiUrl + debugPaths[0])) === 200) open.push("debug");
  return passed(
    `all listens on loopback${exception}; programs of this machine reach ${open.join(", ")} and invoke without a password, as always on this tier`,
  );
}

/** Asks for a password or a key, or is not there. */
function isClosed(status: number | string): boolean {
  return status === 401 || status === 403 || status === 404;
}

function json(call: { body?: string }): RequestInit {
  if (call.body === undefined) return {};
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return { method: "POST", body: call.body, headers };
}

function basic(password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${dashboardUser}:${password}`).toString("base64")}` };
}

/** The status of an answer, or why there was none. */
async function answerOf(url: string, init: RequestInit = {}): Promise<number | string> {
  try {
    const answer = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(10_000) });
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    return reasonOf(error as Error);
  }
}
