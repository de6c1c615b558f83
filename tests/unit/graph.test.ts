// Proves what is drawn of a plan: that the pages have today's pictures is tests/repository/docs.test.ts'. Does not
// prove that who is told an address uses it.
import * as docker from "@pulumi/docker";
import { expect, test } from "vitest";
import { drawStack } from "../../tools/graph/picture.ts";
import { plan } from "../../tools/plan/planner.ts";
import { planStack } from "../support/plan.ts";

async function drawn(program: () => unknown): Promise<string[]> {
  const resources = await plan(program, { stack: "test" });
  const outputs = { dashboardUrl: "http://localhost:8288" };
  const nothing = { secretOutputs: [], computed: {}, files: {}, values: {}, secrets: [], assumed: [] };
  return drawStack({ stack: "test", resources, outputs, ...nothing })
    .trim()
    .split("\n")
    .slice(1);
}

test("a node has an arrow to each address in its configuration or uploaded files, and to no longer name or port", async () => {
  const lines = await drawn(() => {
    new docker.Container("gateway", {
      name: "gateway",
      image: "i",
      ports: [{ internal: 80, external: 8288 }],
      uploads: [{ file: "Caddyfile", content: "reverse_proxy server:8288" }],
    });
    new docker.Container("server", { name: "server", image: "i", envs: ["X_PORT=8288", "URL=redis://:p@queue:6379"] });
    new docker.Container("queue", {
      name: "queue",
      image: "i",
      volumes: [{ volumeName: "data", containerPath: "/data" }],
    });
    new docker.Container("other", {
      name: "other",
      image: "i",
      envs: ["A=http://my-server:8288", "B=http://server:82889"],
    });
    new docker.Container("alone", { name: "alone", image: "i", envs: ["SELF=http://127.0.0.1:8288"] });
    new docker.Container("once", { name: "once", image: "i", mustRun: false, volumes: [{ volumeName: "data" }] });
    new docker.Volume("data", { name: "data" });
    new docker.Container("writer", {
      image: "i",
      mustRun: false,
      volumes: [{ volumeName: "config", containerPath: "/c" }],
      uploads: [{ file: "/c/config.json", content: JSON.stringify({ port: 9000, redis: "redis://:p@queue:6379" }) }],
    });
    new docker.Container("reader", {
      name: "reader",
      image: "i",
      volumes: [{ volumeName: "config", containerPath: "/c" }],
    });
    new docker.Container("caller", { name: "caller", image: "i", envs: ["URL=http://reader:9000"] });
    new docker.Volume("config", { name: "config" });
    new docker.Volume("memory", { name: "memory", driverOpts: { type: "tmpfs" } });
  });
  expect(lines.filter((line) => /--/.test(line))).toEqual([
    "  you -->|8288| gateway",
    "  caller -->|9000| reader",
    "  gateway -->|8288| server",
    "  reader -->|6379| queue",
    "  server -->|6379| queue",
    "  queue --- data",
  ]);
  expect(lines.join()).not.toMatch(/once|memory|config/);
});

test("pictures contain no secrets", async () => {
  const { resources, outputs } = await planStack("persistent");
  const nothing = { secretOutputs: [], computed: {}, files: {}, values: {}, secrets: [], assumed: [] };
  const picture = drawStack({ stack: "persistent", resources, outputs, ...nothing });
  expect(picture).toContain("server_inngest -->|6379| queue_redis");
  expect(picture).not.toMatch(/[0-9a-f]{16}/);
});
