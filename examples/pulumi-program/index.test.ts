// Proves what the program asks the engine for. Does not prove what Docker makes of it.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";

const inputs = new Map<string, Record<string, unknown>>();
await pulumi.runtime.setMocks(
  {
    newResource: ({ name, type, inputs: given }) => {
      inputs.set(name, given);
      const made = type.endsWith("RandomPassword") ? { result: pulumi.secret("f00d") } : {};
      return { id: `${name}-id`, state: { ...given, imageId: `image of ${name}`, repoDigest: "digest", ...made } };
    },
    call: ({ inputs: given }) => given,
  },
  "orders",
  "test",
  false,
);
const { eventKey } = await import("./index.ts");
await pulumi.runtime.disconnect();

test("server, queue and worker are there, under names of this program", () => {
  const names = ["server-inngest", "queue-redis", "worker-node"].map((resource) => inputs.get(resource)?.name);
  assert.deepEqual(names, ["inngest-orders-test-server", "inngest-orders-test-queue", "inngest-orders-test-worker"]);
});

test("the worker is built of this program's folder", () => {
  assert.match(JSON.stringify(inputs.get("worker-image")), /"context":"worker"/);
});

test("the event key is secret", async () => {
  assert.equal(await pulumi.isSecret(eventKey), true);
});
