// Proves which parts a stack has for its settings, and with what ports, images and places. That `up` makes exactly these
// is for tests/unit/plan-stacks.test.ts.
import { describe, expect, test } from "vitest";
import { partsOf } from "../../lib/stack/parts.ts";
import { preflightSpec } from "../../lib/stack/preflight-spec.ts";
import { settingsWith } from "../support/live-stack.ts";

const inPods = { workerPlacement: "container", workerImage: "w:1", kubeContext: "k" };
const namesOf = (values: Record<string, string>, encrypted: string[] = []) =>
  partsOf(settingsWith(values, encrypted)).map(({ name, place }) => `${name} ${place}`);

describe("the parts of a stack, in the order of their start", () => {
  test.each([
    ["process", { tier: "process" }, ["queue host", "server host", "worker host", "janitor host"]],
    ["process without a queue", { durable: "false" }, ["server host", "worker host", "janitor host"]],
    [
      "docker",
      { tier: "docker" },
      ["queue docker", "server docker", "gateway docker", "worker host", "janitor docker"],
    ],
    [
      "docker that keeps nothing",
      { tier: "docker", durable: "false" },
      ["server docker", "gateway docker", "worker host"],
    ],
    [
      "kubernetes",
      { tier: "kubernetes", ...inPods },
      ["queue kubernetes", "server kubernetes", "gateway kubernetes", "worker kubernetes", "janitor kubernetes"],
    ],
    [
      "cluster",
      { tier: "cluster", ...inPods },
      [
        "database kubernetes",
        "queue kubernetes",
        "server kubernetes",
        "gateway kubernetes",
        "worker kubernetes",
        "janitor kubernetes",
      ],
    ],
  ])("are those of tier %s", (_, values, parts) => {
    expect(namesOf(values)).toEqual(parts);
  });

  test("leave out what users run themselves", () => {
    const stores = ["redisUrl", "postgresUrl"];
    expect(namesOf({ tier: "cluster", ...inPods }, stores)).toEqual([
      "server kubernetes",
      "gateway kubernetes",
      "worker kubernetes",
      "janitor kubernetes",
    ]);
    expect(namesOf({}, ["redisUrl"])).toEqual(["server host", "worker host", "janitor host"]);
    expect(namesOf({ runtime: "external", workerUrl: "http://localhost:3000/api/inngest" })).toEqual([
      "queue host",
      "server host",
      "janitor host",
    ]);
  });

  test("have a janitor only where something is removed, and backups only on a schedule", () => {
    expect(namesOf({ retention: "off" })).toEqual(["queue host", "server host", "worker host"]);
    expect(namesOf({ backupEvery: "24h" })).toContain("backup host");
  });
});

describe("ports on this machine", () => {
  const portsOf = (values: Record<string, string>) =>
    partsOf(settingsWith(values)).flatMap(({ ports }) => ports.map(({ setting, port }) => `${setting} ${port}`));

  test("are the server's and Connect's on tier process, which listens with Connect's on every interface", () => {
    const [queue, server] = partsOf(settingsWith({ port: "9000" }));
    expect(queue?.ports).toEqual([]);
    expect(server?.ports).toEqual([
      { setting: "port", port: 9000 },
      { setting: "port", port: 9001, everyInterface: true },
      { setting: "port", port: 9002, everyInterface: true },
      { setting: "port", port: 9003, everyInterface: true },
    ]);
  });

  test("include the queue's on tier docker exactly where a worker on this machine needs it", () => {
    expect(portsOf({ tier: "docker" })).toEqual(["port 8290", "port 8288", "workerPort 3111"]);
    expect(portsOf({ tier: "docker", workerPlacement: "container" })).toEqual(["port 8288", "workerPort 3111"]);
  });

  test("are none in a cluster", () => {
    expect(portsOf({ tier: "kubernetes", ...inPods })).toEqual([]);
  });
});

test("the preflight asks for the images and the storage that the parts need", () => {
  const docker = preflightSpec(settingsWith({ tier: "docker" })).docker?.images.map(({ setting }) => setting);
  expect(docker).toEqual(["queueImage", "serverImage", "gatewayImage", "upkeepImage"]);
  const needsStorage = (values: Record<string, string>, encrypted: string[]) =>
    preflightSpec(settingsWith({ ...values, ...inPods }, encrypted)).kubernetes?.needsStorage;
  expect(needsStorage({ tier: "cluster" }, ["redisUrl"])).toBe(true);
  expect(needsStorage({ tier: "cluster" }, ["redisUrl", "postgresUrl"])).toBe(false);
});

test("a gateway is exposed where it ends TLS itself, and where the nodes have a port for it", () => {
  const exposed = (values: Record<string, string>) =>
    partsOf(settingsWith(values)).find(({ name }) => name === "gateway")?.exposedPorts;
  const url = "https://inngest.example.org";
  expect(exposed({ tier: "docker" })).toEqual([]);
  expect(exposed({ tier: "docker", gateway: JSON.stringify({ url }) })).toEqual([]);
  expect(exposed({ tier: "docker", gateway: JSON.stringify({ url, email: "me@example.org" }) })).toEqual([443]);
  expect(exposed({ tier: "kubernetes", ...inPods, exposure: "nodePort" })).toEqual([30288]);
});
