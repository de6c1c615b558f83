// Proves what the program asks the engine for. Does not prove what Docker makes of it.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";

const inputs = new Map<string, Record<string, unknown>>();
await pulumi.runtime.setMocks(
  {
    newResource: ({ name, type, inputs: given }) => {
      inputs.set(name, given);
      const made = type.endsWith("RandomPassword")
        ? { result: pulumi.secret("f00d"), bcryptHash: pulumi.secret("$2a$10$hash") }
        : {};
      return { id: `${name}-id`, state: { ...given, imageId: `image of ${name}`, repoDigest: "digest", ...made } };
    },
    call: ({ inputs: given }) => given,
  },
  "orders",
  "test",
  false,
);
const { dashboardPassword, eventKey } = await import("./index.ts");
await pulumi.runtime.disconnect();

test("server, gateway, queue and worker are there, under names of this program", () => {
  const names = ["server-inngest", "gateway-caddy", "queue-redis", "worker-node"].map(
    (resource) => inputs.get(resource)?.name,
  );
  const roles = ["server", "gateway", "queue", "worker"];
  assert.deepEqual(
    names,
    roles.map((role) => `inngest-orders-test-${role}`),
  );
});

test("the worker is built of this program's folder", () => {
  assert.match(JSON.stringify(inputs.get("worker-image")), /"context":"worker"/);
});

test("the event key and the dashboard's password are secret", async () => {
  assert.equal(await pulumi.isSecret(eventKey), true);
  assert.equal(await pulumi.isSecret(dashboardPassword), true);
});
