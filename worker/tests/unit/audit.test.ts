// Runs the audit and the heartbeat against a scripted server API. Proves what they find, report and heal; not that a real server
// lists functions this way, which tests/integration/registration.test.ts does.
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuditTriggers } from "../../functions/audit-triggers.ts";
import { heartbeat } from "../../functions/heartbeat.ts";
import { functions } from "../../functions/index.ts";
import type { Trigger } from "../../server/api.ts";
import { audit, findIdleCrons } from "../../server/audit.ts";
import { declaredFunctions } from "../../server/registration.ts";
import { type Api, startApi } from "../support/api.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";

const hourMs = 3_600_000;
let api: Api;

/** The functions as the server would list them: without `triggers` where there are none. */
async function asDeclared(): Promise<Api["functions"]> {
  return (await declaredFunctions(functions)).map(({ id, triggers }) => ({
    id,
    ...(triggers.length > 0 && { triggers: triggers.map(asListed) }),
  }));
}

function asListed(trigger: Trigger) {
  if ("cron" in trigger) return { type: "CRON", value: trigger.cron };
  return { type: "EVENT", value: trigger.event, ...(trigger.if && { if: trigger.if }) };
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

test("the audit finds nothing when a new app's functions are on the server as declared", async () => {
  expect(await audit(functions)).toEqual([]);
});

test("the audit finds missing, unexpected and changed functions", async () => {
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

test("the audit compares the conditions of triggers", async () => {
  change("process-task", [{ type: "EVENT", value: "task/process", if: "event.data.url == ''" }]);
  expect(await audit(functions)).toMatchObject([{ function: "process-task", problem: "triggers" }]);
});

test("the audit finds crons without a run within twice their period, measured from the last run or the app's registration", async () => {
  api.appCreatedAt = new Date(Date.now() - 10 * hourMs);
  const recently = new Date(Date.now() - 0.4 * hourMs);
  api.lastRuns = {
    heartbeat: recently,
    "audit-triggers": new Date(Date.now() - 0.6 * hourMs),
    "expire-claims": recently,
  };
  expect(await audit(functions)).toMatchObject([{ function: "audit-triggers", problem: "not running" }]);
  api.lastRuns = { heartbeat: recently, "audit-triggers": recently };
  expect(await audit(functions)).toMatchObject([
    { function: "expire-claims", detail: expect.stringContaining("no run since") },
  ]);
});

test("the audit lets a cron of weekdays pause over the weekend", async () => {
  const monday = new Date("2026-11-23T08:00:00Z");
  const declared = [{ id: "weekdays", triggers: [{ cron: "TZ=Europe/Berlin 0 9 * * 1-5" }] }];
  api.lastRuns = { weekdays: new Date("2026-11-20T08:00:00Z") };
  expect(await findIdleCrons(declared, monday)).toEqual([]);
  api.lastRuns = { weekdays: new Date("2026-11-13T08:00:00Z") };
  expect(await findIdleCrons(declared, monday)).toHaveLength(1);
});

const events = [{ name: "audit/requested", data: {} }];
const sent = {
  "report drift": { ids: ["1"] },
  "report healed": { ids: ["1"] },
  settle: null,
};

test("audit-triggers registers the app again on drift and completes when that helps", async () => {
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

test("audit-triggers fails without a retry when registering does not help", async () => {
  change("process-task", [{ type: "EVENT", value: "task/old" }]);
  const { error } = await startRun(
    createAuditTriggers(() => functions),
    events,
    sent,
  ).attempt();
  expect(error).toMatchObject({ name: "NonRetriableError", message: expect.stringContaining("process-task triggers") });
  expect(api.registrations).toBe(1);
});

test("audit-triggers does not register without drift", async () => {
  const { result } = await startRun(
    createAuditTriggers(() => functions),
    events,
  ).attempt();
  expect(result).toEqual({ drift: [] });
  expect(api.registrations).toBe(0);
});

test("audit-triggers retries a failed registration without repeating the comparison", async () => {
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

test("heartbeat runs every check", async () => {
  const { result } = await startRun(heartbeat, [{ name: "inngest/scheduled.timer", data: {} }]).attempt();
  const { status, checks } = result as { status: string; checks: { check: string; ok: boolean; seen: string }[] };
  expect(checks.map(({ check }) => check)).toEqual(["server", "queue", "crons", "disk", "memory", "claims"]);
  expect(checks.find(({ check }) => check === "queue")?.seen).toBe("3 waiting");
  expect(status).toBe("ok");
});

test("heartbeat reports a failed check", async () => {
  api.appCreatedAt = new Date(Date.now() - 10 * hourMs);
  const send = { report: { ids: ["1"] } };
  const { result } = await startRun(heartbeat, [{ name: "inngest/scheduled.timer", data: {} }], send).attempt();
  expect(result).toMatchObject({
    status: "degraded",
    checks: expect.arrayContaining([expect.objectContaining({ check: "crons", ok: false })]),
  });
});
