// Proves of the steps themselves that no call and no event is refused while one of two neighbours has taken a step and
// the other has not. That server and SDK treat keys so is for the integration suite.
import { describe, expect, test } from "vitest";
import {
  keysAt,
  rotationSteps,
  type ServerKeys,
  type StackKeys,
  type WorkerKeys,
} from "../../lib/stack/key-rotation.ts";

const old = { signingKey: "old", eventKey: "old-event" };
const fresh = { signingKey: "new", eventKey: "new-event" };
const steps = rotationSteps.slice(1).map((step) => keysAt(step, fresh, old));
const course = [keysAt("none", old, old), ...steps, keysAt("none", fresh, fresh)];

/** What the one refuses of the other. */
function refusals(server: ServerKeys, worker: WorkerKeys): string[] {
  const accepted = [worker.signingKey, worker.signingKeyFallback];
  return [
    ...(accepted.includes(server.signingKey) ? [] : ["signature"]),
    ...(server.eventKeys.includes(worker.eventKey) ? [] : ["event"]),
  ];
}

const changes = course.slice(1).map((to, index) => ({
  step: rotationSteps[index + 1] ?? "none",
  from: course[index] as StackKeys,
  to,
}));

describe.each(changes)("step $step", ({ from, to }) => {
  test("works with server and worker in either order", () => {
    expect(refusals(from.server, to.worker)).toEqual([]);
    expect(refusals(to.server, from.worker)).toEqual([]);
    expect(refusals(to.server, to.worker)).toEqual([]);
  });

  test("restarts at most one of them", () => {
    const changed = (["server", "worker"] as const).filter(
      (one) => JSON.stringify(from[one]) !== JSON.stringify(to[one]),
    );
    expect(changed.length).toBeLessThanOrEqual(1);
  });
});

test("leaving out a step would refuse calls or events", () => {
  const { server } = keysAt("settle", fresh, old);
  expect(refusals(server, keysAt("none", old, old).worker)).toEqual(["signature", "event"]);
  expect(refusals(server, keysAt("accept", fresh, old).worker)).toEqual(["event"]);
});

test("the last step has no old key", () => {
  expect(JSON.stringify(keysAt("settle", fresh, old))).not.toContain("old");
  expect(keysAt("settle", fresh, old)).toEqual(keysAt("none", fresh, old));
});

test("a key that does not change is listed once", () => {
  const own = { ...fresh, eventKey: old.eventKey };
  expect(keysAt("switch", own, old).server.eventKeys).toEqual([old.eventKey]);
});
