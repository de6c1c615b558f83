// Proves how the functions of a server are compared with those of a worker, and how a worker is registered. Server and
// worker are stand-ins; does not prove that the real ones answer like them: the integration suites do.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { driftBetween, driftText } from "../../lib/inngest/drift.ts";
import { Home } from "../support/host.ts";

const one = { id: "process-task", triggers: [{ event: "task/process" }] };
const two = { id: "sweep", triggers: [{ cron: "*/15 * * * *" }, { event: "sweep/now" }] };

describe("the differences between worker and server", () => {
  test.each([
    ["nothing declared, nothing listed", [], [], []],
    ["the same", [one, two], [one, two], []],
    ["another order of functions", [one, two], [two, one], []],
    ["another order of triggers", [two], [{ ...two, triggers: two.triggers.toReversed() }], []],
    ["one missing", [one, two], [one], ["sweep is missing"]],
    ["one too many", [one], [one, two], ["sweep is on the server only"]],
    [
      "a stale trigger",
      [one],
      [{ id: "process-task", triggers: [{ event: "task/old" }] }],
      ["process-task has triggers event task/old instead of event task/process"],
    ],
    [
      "a trigger too few",
      [two],
      [{ id: "sweep", triggers: [{ event: "sweep/now" }] }],
      ["sweep has triggers event sweep/now instead of cron */15 * * * *, event sweep/now"],
    ],
    [
      "three differences at once",
      [one, two],
      [
        { id: "process-task", triggers: [] },
        { id: "old", triggers: [] },
      ],
      ["process-task has triggers  instead of event task/process", "sweep is missing", "old is on the server only"],
    ],
  ])("are found for %s", (_, declared, listed, expected) => {
    expect(driftBetween(declared, listed).map(driftText)).toEqual(expected);
  });

  test("are none for equal lists, and one for each function that only one side has", () => {
    const list = fc.uniqueArray(
      fc.record({ id: fc.string({ minLength: 1 }), triggers: fc.array(fc.record({ event: fc.string() })) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(list, list, (left, right) => {
        expect(driftBetween(left, [...left].reverse()).map(driftText)).toEqual([]);
        const ids = (functions: { id: string }[]) => functions.map(({ id }) => id);
        const apart = [...ids(left), ...ids(right)].filter(
          (id) => !(ids(left).includes(id) && ids(right).includes(id)),
        );
        const found = driftBetween(left, right)
          .map(driftText)
          .filter((text) => / is (missing|on the server only)$/.test(text));
        expect(found.length).toBe(apart.length);
      }),
    );
  });
});

describe("register.ts", () => {
  const signingKey = "ab".repeat(32);
  let home: Home;
  let engine: Server;
  let url: string;
  let listed: { id: string; triggers: { type: string; value: string }[] }[];
  let registrations: number;
  let refusal: number | undefined;

  beforeEach(async () => {
    home = new Home();
    listed = [];
    registrations = 0;
    refusal = undefined;
    const declared = {
      app_id: "app",
      functions: [{ id: "app-process-task", triggers: [{ event: "task/process" }] }],
    };
    engine = createServer((request, response) => {
      const answer = (value: unknown, status = 200) => response.writeHead(status).end(JSON.stringify(value));
      if (request.method === "PUT") {
        if (refusal) return answer({ message: "the key is another" }, refusal);
        if (request.headers["x-inngest-sync-kind"] === "in_band") return answer(declared);
        registrations++;
        // A server lists new functions after a moment.
        if (registrations === 1) {
          setTimeout(
            () => listed.push({ id: "process-task", triggers: [{ type: "EVENT", value: "task/process" }] }),
            200,
          );
        }
        return answer({});
      }
      if (request.url === "/health") return answer({});
      if (request.headers.authorization !== `Bearer ${signingKey}`) return answer({}, 401);
      return answer({ data: listed });
    });
    await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    engine.close();
    await home.dispose();
  });

  const register = () =>
    home.node(
      ["scripts/register.ts"],
      JSON.stringify({ apiUrl: url, workerUrl: url, workerEndpoint: `${url}/api/inngest`, way: "serve", signingKey }),
    );

  test("registers the worker once, and waits until the server lists its functions", async () => {
    expect(await register()).toEqual({ code: 0, stdout: "1 functions of app app: process-task\n", stderr: "" });
    expect(registrations).toBe(1);
  });

  test("prints no key when the server refuses it", async () => {
    const { code, stdout, stderr } = await home.node(
      ["scripts/register.ts"],
      JSON.stringify({
        apiUrl: url,
        workerUrl: url,
        workerEndpoint: `${url}/api/inngest`,
        way: "serve",
        signingKey: "cd".repeat(32),
      }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("GET /v2/apps/app/functions: HTTP 401");
    expect(stdout + stderr).not.toContain("cdcdcdcd");
  });
});
