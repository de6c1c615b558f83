// Proves what the driver of this machine does to a part that is a real process without a supervisor. Supervisors are for
// tests/integration/supervision-*.test.ts, and a whole stack for tests/integration/verify-process.test.ts.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hostPlace } from "../../lib/places/host.ts";
import type { Place } from "../../lib/places/place.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { freePort, Home, tinyService } from "../support/host.ts";

const server: Part = { name: "server", place: "host", ports: [] };
const janitor: Part = { name: "janitor", place: "host", ports: [] };

let home: Home;
let port: number;
let place: Place;
beforeEach(async () => {
  home = new Home();
  port = await freePort();
  vi.stubEnv("XDG_DATA_HOME", join(home.folder, "data"));
  place = hostPlace({ stack: "test", dataDir: home.data });
  await home.reconcile(tinyService(port));
});
afterEach(() => home.dispose());

test("a running process has a pid, a start, a log and its listeners", async () => {
  expect(await place.state(server)).toEqual({
    isRunning: true,
    what: expect.stringMatching(/^process \d+$/),
    since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    detail: "supervisor none",
  });
  expect(await place.logs(server, { lines: 5, follow: true })).toEqual([
    "tail",
    "-n",
    "5",
    "-F",
    join(home.data, "logs/server.log"),
  ]);
  expect(await place.listeners([server, janitor])).toEqual([
    { host: "127.0.0.1", port, who: "process of the server", part: server },
  ]);
});

test("a killed process is down, and only up brings it back without a supervisor", async () => {
  await place.kill(server);
  expect(await place.state(server)).toMatchObject({ isRunning: false, what: "process of the server" });
  expect(await place.start(server)).toBe(false);
  await expect(place.kill(server)).rejects.toThrow("the server is not running as it was started. Remedy: npm start");
});

test("a stopped process is down, and stopping it again succeeds", async () => {
  expect(await place.start(server)).toBe(true);
  await place.stop(server);
  await place.stop(server);
  expect((await place.state(server)).isRunning).toBe(false);
});

test("a part that was never started has no log, no size and no sweep", async () => {
  expect(await place.state(janitor)).toMatchObject({ isRunning: false });
  expect(await place.logs(janitor, { lines: 5, follow: false })).toBeUndefined();
  expect(await place.size(janitor)).toBe(0);
  expect(await place.lastSweep(janitor)).toBeUndefined();
});

test("the last sweep is read from the janitor's file", async () => {
  const sweep = { at: "2026-01-02T03:04:05.678Z", failed: "the disk is full" };
  mkdirSync(join(home.data, "janitor"), { recursive: true });
  writeFileSync(join(home.data, "janitor/last-sweep.json"), JSON.stringify(sweep));
  expect(await place.lastSweep(janitor)).toEqual(sweep);
  expect(await place.size(janitor)).toBe(JSON.stringify(sweep).length);
});
