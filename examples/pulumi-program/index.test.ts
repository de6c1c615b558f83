// Proves which resources the program requests; not what Docker makes of them.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";

const inputs = new Map<string, Record<string, unknown>>();
await pulumi.runtime.setMocks(
  {
    newResource: ({ name, type, inputs: requested }) => {
      inputs.set(name, requested);
      const computed = type.endsWith("RandomPassword")
        ? { result: pulumi.secret("f00d"), bcryptHash: pulumi.secret("$2a$10$hash") }
        : {};
      return {
        id: `${name}-id`,
        state: { ...requested, imageId: `image of ${name}`, repoDigest: "digest", ...computed },
      };
    },
    call: ({ inputs: args }) => args,
  },
  "orders",
  "test",
  false,
);
const { dashboardPassword, eventKey } = await import("./index.ts");
await pulumi.runtime.disconnect();

test("the program creates server, gateway, queue and worker under its own names", () => {
  const names = ["server-inngest", "gateway-caddy", "queue-redis", "worker-node"].map(
    (resource) => inputs.get(resource)?.name,
  );
  const roles = ["server", "gateway", "queue", "worker"];
  assert.deepEqual(
    names,
    roles.map((role) => `inngest-orders-test-${role}`),
  );
});

test("the worker's image is built from this program's folder", () => {
  assert.match(JSON.stringify(inputs.get("worker-image")), /"context":"worker"/);
});

test("the event key and the dashboard's password are secrets", async () => {
  assert.equal(await pulumi.isSecret(eventKey), true);
  assert.equal(await pulumi.isSecret(dashboardPassword), true);
});
