import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuditTriggers } from "../../functions/audit-triggers.ts";
import { heartbeat } from "../../functions/heartbeat.ts";
import { functions } from "../../functions/index.ts";
import { audit } from "../../server/audit.ts";
import { declaredFunctions } from "../../server/registration.ts";
import { type Api, startApi } from "../support/api.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";

const HOUR = 3_600_000;
let api: Api;

/** What the server would list; it leaves the triggers out where there are none. */
async function asDeclared(): Promise<Api["functions"]> {
  return (await declaredFunctions(functions)).map(({ id, triggers }) => ({
    id,
    ...(triggers.length > 0 && { triggers: triggers.map(asListed) }),
  }));
}

function asListed(trigger: string) {
  const [, type = "", value = "", condition] = /^(event|cron) (.+?)(?: if (.+))?$/.exec(trigger) ?? [];
  return { type: type.toUpperCase(), value, ...(condition && { if: condition }) };
}

beforeEach(async () => {
  dataDirectory();
  api = await startApi();
  api.functions = await asDeclared();
});
afterEach(() => api.close());

function change(id: string, triggers: Api["functions"][number]["triggers"]): void {
  api.functions = api.functions.map((fn) => (fn.id === id ? { id, triggers } : fn));
}

test("finds nothing when the server has what is declared and the app is new", async () => {
  expect(await audit(functions)).toEqual([]);
});

test("finds missing, unexpected and changed functions", async () => {
  change("process-task", [{ type: "EVENT", value: "task/old" }]);
  api.functions = api.functions.filter(({ id }) => id !== "record-task");
  api.functions.push({ id: "left-over", triggers: [{ type: "CRON", value: "* * * * *" }] });
  expect(await audit(functions)).toEqual([
    {
      function: "process-task",
      problem: "triggers",
      detail: "declared: event task/process; on the server: event task/old",
    },
    { function: "record-task", problem: "missing", detail: "declared: event task/completed; on the server: " },
    { function: "left-over", problem: "unexpected", detail: "on the server: cron * * * * *" },
  ]);
});

test("a condition is part of a trigger", async () => {
  change("process-task", [{ type: "EVENT", value: "task/process", if: "event.data.url == ''" }]);
  expect(await audit(functions)).toMatchObject([{ function: "process-task", problem: "triggers" }]);
});

test("finds crons that have not run within twice their period, by their runs or the app's age", async () => {
  api.appCreatedAt = new Date(Date.now() - 10 * HOUR);
  const recently = new Date(Date.now() - 0.4 * HOUR);
  api.lastRuns = {
    heartbeat: recently,
    "audit-triggers": new Date(Date.now() - 0.6 * HOUR),
    "expire-claims": recently,
  };
  expect(await audit(functions)).toMatchObject([{ function: "audit-triggers", problem: "not running" }]);
  api.lastRuns = { heartbeat: recently, "audit-triggers": recently };
  expect(await audit(functions)).toMatchObject([
    { function: "expire-claims", detail: expect.stringContaining("no run since") },
  ]);
});

test("a cron of weekdays may pause over the weekend", async () => {
  const { findIdleCrons } = await import("../../server/audit.ts");
  const monday = new Date("2026-11-23T08:00:00Z");
  const declared = [{ id: "weekdays", triggers: ["cron TZ=Europe/Berlin 0 9 * * 1-5"] }];
  api.lastRuns = { weekdays: new Date("2026-11-20T08:00:00Z") };
  expect(await findIdleCrons(declared, monday)).toEqual([]);
  api.lastRuns = { weekdays: new Date("2026-11-13T08:00:00Z") };
  expect(await findIdleCrons(declared, monday)).toHaveLength(1);
});

const events = [{ name: "audit/requested", data: {} }];
const sent = {
  "say detected": { ids: ["1"] },
  "say healed": { ids: ["1"] },
  "let it settle": null,
};

test("audit-triggers registers again on drift and is content when that helps", async () => {
  change("process-task", [{ type: "EVENT", value: "task/old" }]);
  const healthy = await asDeclared();
  api.onRegister = () => {
    api.functions = healthy;
    return 200;
  };
  const { result } = await startRun(
    createAuditTriggers(() => functions),
    events,
    sent,
  ).attempt();
  expect(result).toMatchObject({ drift: [{ function: "process-task", problem: "triggers" }] });
  expect(api.registrations).toBe(1);
});

test("audit-triggers fails for good when registering does not help", async () => {
  change("process-task", [{ type: "EVENT", value: "task/old" }]);
  const { error } = await startRun(
    createAuditTriggers(() => functions),
    events,
    sent,
  ).attempt();
  expect(error).toMatchObject({ name: "NonRetriableError", message: expect.stringContaining("process-task triggers") });
  expect(api.registrations).toBe(1);
});

test("audit-triggers does nothing when all is well", async () => {
  const { result } = await startRun(
    createAuditTriggers(() => functions),
    events,
  ).attempt();
  expect(result).toEqual({ drift: [] });
  expect(api.registrations).toBe(0);
});

test("a failed registration is tried again without comparing anew", async () => {
  change("process-task", [{ type: "EVENT", value: "task/old" }]);
  const healthy = await asDeclared();
  const run = startRun(
    createAuditTriggers(() => functions),
    events,
    sent,
  );
  const comparisons = () => api.requests.filter(({ url }) => url?.includes("/functions")).length;
  api.onRegister = () => 500;
  expect((await run.attempt()).error?.message).toContain("Registration failed with 500");
  expect(comparisons()).toBe(1);
  api.onRegister = () => {
    api.functions = healthy;
    return 200;
  };
  expect((await run.attempt()).result).toMatchObject({ drift: [{ function: "process-task" }] });
  expect(comparisons()).toBe(2);
});

test("heartbeat looks at everything", async () => {
  const { result } = await startRun(heartbeat, [{ name: "inngest/scheduled.timer", data: {} }]).attempt();
  const { status, checks } = result as { status: string; checks: { check: string; ok: boolean; seen: string }[] };
  expect(checks.map(({ check }) => check)).toEqual(["server", "queue", "crons", "disk", "memory", "claims"]);
  expect(checks.find(({ check }) => check === "queue")?.seen).toBe("3 waiting");
  expect(status).toBe("ok");
});

test("heartbeat reports what is wrong", async () => {
  api.appCreatedAt = new Date(Date.now() - 10 * HOUR);
  const send = { report: { ids: ["1"] } };
  const { result } = await startRun(heartbeat, [{ name: "inngest/scheduled.timer", data: {} }], send).attempt();
  expect(result).toMatchObject({
    status: "degraded",
    checks: expect.arrayContaining([expect.objectContaining({ check: "crons", ok: false })]),
  });
});
