// Proves how answers of the server are read, from a stand-in that answers like 1.43.0. Does not prove that the real one
// does.
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InngestApi } from "../../lib/inngest/api.ts";

let server: Server;
let api: InngestApi;
let answer: { status: number; body: object };

beforeEach(async () => {
  server = createServer((_, response) => response.writeHead(answer.status).end(JSON.stringify(answer.body)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  api = new InngestApi(`http://127.0.0.1:${(server.address() as { port: number }).port}`, "00");
});
afterEach(() => server.close());

test.each([
  [{ data: [{ id: "job" }] }, true],
  [{ data: [] }, false],
  [{ error: "not found", data: null, status: 404 }, false],
])("the answer %j of v1 means that a run is queued: %s", async (body, expected) => {
  answer = { status: 200, body };
  expect(await api.isQueued("RUN")).toBe(expected);
});

test("an error of v1 with HTTP 200 is an error, not an empty queue", async () => {
  answer = { status: 200, body: { error: "Unable to load function run: RUN", data: null, status: 500 } };
  await expect(api.isQueued("RUN")).rejects.toThrow(
    "GET /v1/runs/RUN/jobs: HTTP 500, Unable to load function run: RUN",
  );
});

test.each([404, 200])("an event without data in an answer with HTTP %i has no runs", async (status) => {
  answer = { status, body: { page: { limit: 20 } } };
  expect(await api.runsOf("EVENT")).toEqual([]);
});
