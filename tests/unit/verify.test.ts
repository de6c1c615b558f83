// What verify makes of what a stack answers. Server, gateway and worker are small HTTP servers here, each with a fault;
// that a real stack has none, and shows each of its own, is for tests/integration/verify*.test.ts.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Comparison, Unreachable } from "../../cli/lib/comparison.ts";
import { repeated } from "../../cli/lib/kills/probe.ts";
import type { LiveStack } from "../../cli/lib/live-stack.ts";
import { edgeChecks } from "../../cli/verify/edge.ts";
import { missingFrom } from "../../cli/verify/history.ts";
import { killChecks, recreateCheck } from "../../cli/verify/kills.ts";
import type { VerifyContext } from "../../cli/verify/outcome.ts";
import { rebootCheck } from "../../cli/verify/reboot.ts";
import { receiptOf } from "../../cli/verify/receipt.ts";
import { registrationChecks } from "../../cli/verify/registration.ts";
import { ApiError } from "../../lib/inngest/api.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { FakeStack } from "../support/live-stack.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function answering(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const timeouts = { runSeconds: 1, nextStepMs: 0 };

/** What a worker and a server say that agree, except for `changes`. */
const compared =
  (changes: Partial<Comparison> = {}): VerifyContext["comparison"] =>
  async () => ({ appId: "app", drift: [], declared: [{ id: "a", triggers: [{ event: "a" }] }], crons: [], ...changes });
const run = async (checks: { id: string; run(tell: () => void): Promise<unknown> }[], id: string) =>
  (await checks.find((check) => check.id === id)?.run(() => {})) as { status: string; seen: string; remedy?: string };

describe("registration", () => {
  const stack = new FakeStack();
  const all = async (changes: Partial<Comparison>) => {
    const checks = registrationChecks({ ...timeouts, stack, comparison: compared(changes) });
    return Object.fromEntries(
      await Promise.all(checks.map(async ({ id }) => [id, (await run(checks, id)).status] as const)),
    );
  };

  test.each([
    ["worker and server that agree", {}, { registered: "passed", triggers: "passed", crons: "passed" }],
    [
      "a missing function",
      { drift: [{ problem: "missing" as const, text: "a is missing" }] },
      { registered: "failed", triggers: "passed", crons: "passed" },
    ],
    [
      "a stale trigger",
      { drift: [{ problem: "triggers" as const, text: "a has triggers event b" }] },
      { registered: "passed", triggers: "failed", crons: "passed" },
    ],
    [
      "a cron that does not run",
      {
        declared: [{ id: "a", triggers: [{ cron: "* * * * *" }] }],
        crons: [{ problem: "not running" as const, text: "a" }],
      },
      { registered: "passed", triggers: "passed", crons: "failed" },
    ],
    [
      "a worker that does not report on crons",
      { declared: [{ id: "a", triggers: [{ cron: "* * * * *" }] }], crons: undefined },
      { registered: "passed", triggers: "passed", crons: "skipped" },
    ],
  ])("%s: the checks that are about it fail or are skipped", async (_, changes, expected) => {
    expect(await all(changes)).toEqual(expected);
  });

  test.each([
    ["worker", new ApiError("GET /api/inngest", 401, ""), /^the worker has another signing key/],
    ["worker", new Error("nothing listens there"), /^the worker is down/],
    ["server", new ApiError("GET /v2/runs", 401, ""), /^the server has another signing key/],
    ["server", new Error("nothing listens there"), /^the server is down/],
  ] as const)("registered alone fails when the %s is unreachable (%s), and says why", async (who, error, cause) => {
    const checks = registrationChecks({
      ...timeouts,
      stack,
      comparison: async () => new Unreachable(who, error),
    });
    expect(await run(checks, "registered")).toMatchObject({ status: "failed", cause: expect.stringMatching(cause) });
    for (const id of ["triggers", "crons"]) expect((await run(checks, id)).status).toBe("skipped");
  });
});

describe("the edge", () => {
  const password = "open sesame";
  const isLetIn = (authorization = "") => authorization === `Basic ${btoa(`admin:${password}`)}`;
  /** A gateway as it should be, with one path that answers otherwise. */
  const gateway = (fault: (path: string, let_in: boolean) => number | undefined) =>
    answering(({ url = "", headers: { authorization } }, response) => {
      const let_in = isLetIn(authorization);
      const right = url.startsWith("/debug") ? 404 : let_in ? 200 : 401;
      response.writeHead(fault(url, let_in) ?? right).end();
    });
  const check = async (id: string, apiUrl: string, outputs: Partial<Outputs> = { dashboardPassword: password }) => {
    const stack = new FakeStack({ outputs: { dashboardUrl: apiUrl, apiUrl, ...outputs } });
    return await run(edgeChecks({ ...timeouts, stack, comparison: compared() }), id);
  };

  test("a gateway that asks for the password passes", async () => {
    const url = await gateway(() => undefined);
    expect((await check("dashboard", url)).status).toBe("passed");
    expect((await check("fenced", url)).status).toBe("passed");
  });

  test.each([
    ["/", "dashboard", "answers 200 without the password"],
    ["/v0/gql", "fenced", "open without the password: GraphQL answers 200"],
    ["/mcp", "fenced", "open without the password: MCP answers 200"],
    ["/invoke/verify-nothing", "fenced", "open without the password: invoke answers 200"],
    ["/metrics", "fenced", "open without the password: metrics answers 200"],
    [
      "/debug/vars",
      "fenced",
      "/debug/vars answers 200 without the password, /debug/vars answers 200 with the password",
    ],
  ])("a gateway that lets anybody into %s fails %s", async (path, id, text) => {
    const url = await gateway((asked) => (asked === path ? 200 : undefined));
    expect(await check(id, url)).toMatchObject({ status: "failed", seen: expect.stringContaining(text) });
    const other = id === "dashboard" ? "fenced" : "dashboard";
    expect((await check(other, url)).status).toBe("passed");
  });

  test("a stack that serves no dashboard skips its check", async () => {
    const stack = new FakeStack({ values: { dashboard: "false" } });
    const checks = edgeChecks({ ...timeouts, stack, comparison: compared() });
    expect(await run(checks, "dashboard")).toEqual({
      status: "skipped",
      seen: "the stack serves none: `dashboard` is false",
    });
  });

  test("a gateway that refuses the password fails dashboard, which never quotes it", async () => {
    const url = await gateway((_, let_in) => (let_in ? 502 : undefined));
    const failed = await check("dashboard", url);
    expect(failed).toMatchObject({ status: "failed", seen: `${url} answers 502 with the password` });
    expect(JSON.stringify(failed)).not.toContain(password);
  });

  test("nothing at the address fails dashboard", async () => {
    const url = await gateway(() => undefined);
    servers.splice(0).map((server) => server.close());
    expect(await check("dashboard", url)).toMatchObject({
      status: "failed",
      seen: `nothing answers at ${url}: nothing listens there`,
    });
  });

  test("a tier without a password passes fenced, which lists what is open", async () => {
    const url = await answering((_, response) => response.end());
    expect((await check("dashboard", url, {})).status).toBe("passed");
    const fenced = await check("fenced", url, {});
    expect(fenced.status).toBe("passed");
    expect(fenced.seen).toContain("reach GraphQL, MCP, metrics, debug and invoke without a password");
  });

  test.each([
    ["refuses both", () => 401, "passed", /refused with 401/],
    ["takes what nobody has signed", (signature?: string) => (signature ? 401 : 200), "failed", /\(unsigned: 200\)/],
    ["takes any signature", (signature?: string) => (signature ? 206 : 401), "failed", /\(wrongly signed: 206\)/],
  ])("signed sees a worker that %s", async (_, answer, status, text) => {
    const endpointUrl = await answering(({ headers }, response) => {
      response.writeHead(answer(headers["x-inngest-signature"] as string | undefined)).end();
    });
    const stack = new FakeStack({ reached: { endpointUrl } });
    const signed = await run(edgeChecks({ ...timeouts, stack, comparison: compared() }), "signed");
    expect(signed).toMatchObject({ status, seen: expect.stringMatching(text) });
  });
});

describe("disruptive checks", () => {
  const statusOf =
    (stack: LiveStack, changes: Partial<Comparison> = {}) =>
    async (id: string) => {
      const context = { ...timeouts, stack, comparison: compared(changes) };
      const checks = [...killChecks(context), recreateCheck(context), rebootCheck(context, "before")];
      return await run(checks, id);
    };

  test("are skipped for what the stack does not keep, in its own words", async () => {
    const durability = { kept: false, text: "runs in flight are lost" };
    const look = statusOf(new FakeStack({ outputs: { durability } }));
    for (const id of ["server-kill", "queue-kill", "all-kill", "reboot"]) {
      expect(await look(id)).toEqual({
        status: "skipped",
        seen: 'not promised here: the stack says "runs in flight are lost"',
      });
    }
  });

  test("leave the user's own Redis and app alone", async () => {
    expect(await statusOf(new FakeStack())("queue-kill")).toMatchObject({
      status: "skipped",
      seen: "the queue is a Redis of yours (`redisUrl`), which the stack neither starts nor ends",
    });
    expect(await statusOf(new FakeStack({ values: { runtime: "external" } }))("worker-kill")).toMatchObject({
      status: "skipped",
      seen: "the worker is an app of yours, which the stack neither starts nor ends",
    });
  });

  test("run nothing on a worker without the probe's function", async () => {
    expect(await statusOf(new FakeStack())("worker-kill")).toMatchObject({
      status: "skipped",
      seen: expect.stringContaining("the worker has no function verify-probe, and none of yours is started"),
    });
  });

  test("skip a reboot after which nothing starts the processes", async () => {
    const supervision = {
      server: { by: "systemd", survives: "a reboot" },
      worker: { by: "none", survives: "nothing" },
    } as const;
    expect(await statusOf(new FakeStack({ outputs: { supervision } }))("reboot")).toEqual({
      status: "skipped",
      seen: "not promised here: nothing brings back worker (see supervision)",
    });
  });

  test("accept a run whose steps ran once each, and no other", () => {
    const marks = { first: 1, hold: 2, last: 1, chained: 1 };
    const good = { statuses: ["COMPLETED"], chained: 1, marks };
    expect(repeated(good)).toEqual([]);
    expect(repeated({ ...good, marks: { ...marks, first: 2 } })).toEqual(["step first was executed 2 times"]);
    expect(repeated({ ...good, marks: { last: 1, chained: 1 } })).toEqual(["step first was executed 0 times"]);
    expect(repeated({ ...good, chained: 2 })).toEqual(["2 runs were chained"]);
    expect(repeated({ ...good, statuses: ["COMPLETED", "COMPLETED"] })).toEqual(["its event has started 2 runs"]);
    expect(repeated({ ...good, statuses: ["FAILED"] })).toEqual(["the run ended as FAILED"]);
  });

  test("count missing runs of the history, however many new ones there are", () => {
    expect(missingFrom(["3", "2", "1"], ["5", "4", "3", "2", "1"])).toBe(0);
    expect(missingFrom(["3", "2", "1"], ["5", "4"])).toBe(3);
  });
});

test("a receipt has the shape that other tools read, with cause and remedy in what was seen", () => {
  const results = [
    { id: "dashboard", status: "passed" as const, seen: "answers", ms: 1 },
    { id: "event", status: "failed" as const, seen: "it is off", cause: "no power", remedy: "plug it in", ms: 2 },
    { id: "reboot", status: "skipped" as const, seen: "needs one", ms: 0 },
  ];
  const at = new Date("2026-01-02T03:04:05.678Z");
  expect(receiptOf(new FakeStack(), { node: "24" }, at, results)).toEqual({
    stack: "mine",
    tier: "process",
    versions: { node: "24" },
    startedAt: "2026-01-02T03:04:05.678Z",
    passed: 1,
    failed: 1,
    skipped: 1,
    checks: [
      { id: "dashboard", status: "passed", seen: "answers", ms: 1 },
      { id: "event", status: "failed", seen: "it is off. Likely cause: no power. Remedy: plug it in", ms: 2 },
      { id: "reboot", status: "skipped", seen: "needs one", ms: 0 },
    ],
  });
});
