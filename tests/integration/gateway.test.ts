// The gateway of the Docker tier, with a real gateway, server and browser: who passes where, what 10,000 hostile
// requests do, how the containers are fenced, and that a planned restart loses no event. Where images cannot be pulled
// the gateway is Debian's Caddy. Does not prove: certificates by ACME, the dashboard's own pages (a stand-in of the
// server has none), Docker Desktop.

import { chmodSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maxPids } from "../../components/docker/process-limit.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { durableWorker, marks } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { eventually, TestStack } from "../../tools/test-stack.ts";
import { Browser } from "../support/browser.ts";
import { docker, leftovers } from "../support/containers.ts";
import { ask, askRaw, hostileRequest, seeded } from "../support/gateway.ts";
import { answers, callers, headersOf, table, toldOrigins } from "../support/gateway-matrix.ts";
import { untilNoneIsLeft } from "../support/traffic.ts";

const reason = await missing("pulumi", "docker");
const noBrowser = reason ?? Browser.missing();

let stack: TestStack;
let outputs: Outputs;
let password: string;
const container = (role: string) => `inngest-${stack.name}-${role}`;

beforeAll(async () => {
  if (reason) return;
  stack = await TestStack.create("persistent");
  stack.set("workerDir", durableWorker(stack.home));
  await stack.up();
  outputs = await stack.outputs();
  password = outputs.dashboardPassword as string;
});
afterAll(async () => {
  if (reason) return;
  await stack.remove();
  for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
});

describe.skipIf(reason)(title("who passes", reason), () => {
  const localhost = () => ({ host: `localhost:${stack.port}` });

  test.each(table)("%s %s", async (method, path, statuses) => {
    const found = Object.entries(await answers(stack.port, method, path, outputs));
    expect(Object.fromEntries(found.map(([name, { status }]) => [name, status]))).toEqual(
      Object.fromEntries(callers.map((name, index) => [name, statuses[index]])),
    );
    expect(found.flatMap(([, answer]) => toldOrigins(answer))).toEqual([]);
  });

  test.each(table.filter(([method]) => method === "GET"))(
    "%s %s, by any other method without a key",
    async (_, path) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]) {
        const answer = await ask(stack.port, method, path, localhost());
        expect(toldOrigins(answer)).toEqual([]);
        // A preflight of what has a key of its own is answered by the server, for no origin.
        const harmless = path === "/health" || (method === "OPTIONS" && /^\/(v1|v2|api\/v2|v0\/runs)\//.test(path));
        const allowed = harmless ? [200, 401, 404, 405] : [401, 404, 405];
        expect(allowed, `${method} ${path}`).toContain(answer.status);
      }
    },
  );

  test.each([
    "evil.example",
    "evil.example:PORT",
    "localhost.evil.example",
    "169.254.169.254",
    "server:8288",
    "localhost.",
  ])("the name %j is not the gateway's, on any path", async (name) => {
    const host = name.replace("PORT", String(stack.port));
    for (const [method, path] of table) {
      for (const headers of headersOf(outputs, stack.port)) {
        const { status } = await ask(stack.port, method, path, { ...headers, host });
        expect(status, `${method} ${path}`).toBe(421);
      }
    }
  });

  test.each(["localhost", "127.0.0.1", "[::1]", "host.docker.internal"])(
    "%s is the gateway's, on any port",
    async (name) => {
      for (const host of [name, `${name}:${stack.port}`, `${name}:9999`]) {
        expect((await ask(stack.port, "GET", "/health", { host })).status, host).toBe(200);
      }
    },
  );

  test("an event with its key passes, and no page elsewhere may read the answer", async () => {
    const body = JSON.stringify({ name: "nobody/listens" });
    const answer = await ask(
      stack.port,
      "POST",
      `/e/${outputs.eventKey}`,
      { ...localhost(), origin: "http://evil.example" },
      body,
    );
    expect(answer.status).toBe(200);
    expect(toldOrigins(answer)).toEqual([]);
  });

  test("the server's own port is published nowhere", () => {
    expect(docker("port", container("server"))).toBe("");
    expect(docker("port", container("gateway"))).toBe(`8288/tcp -> 127.0.0.1:${stack.port}`);
  });
});

describe.skipIf(reason)(title("10,000 hostile requests", reason), () => {
  test("get no 5xx, nothing that needs a key, and no memory", async () => {
    const random = seeded(8288);
    const memory = () =>
      Number(/VmRSS:\s+(\d+)/.exec(docker("exec", container("gateway"), "cat", "/proc/1/status"))?.[1]);
    const before = memory();
    const seen: Record<number, number> = {};
    const passed: string[] = [];
    let left = 10_000;
    const sender = async () => {
      while (left-- > 0) {
        const bytes = hostileRequest(stack.port, random);
        for (const status of await askRaw(stack.port, bytes)) {
          seen[status] = (seen[status] ?? 0) + 1;
          const text = bytes.toString("latin1");
          // The health page is everybody's, 100 asks for the body, 501 is HTTP's word for an unknown encoding.
          const harmless =
            status === 100 ||
            (status === 200 && /^(GET|HEAD) \S*\/health(\?\S*)? /.test(text)) ||
            (status === 501 && text.includes("xchunked"));
          if ((status >= 500 || status < 400) && !harmless) {
            passed.push(`${status} ${text}`);
          }
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, sender));
    console.log({ seen, kilobytes: { before, after: memory() } });
    expect(passed).toEqual([]);
    expect(Object.values(seen).reduce((sum, count) => sum + count)).toBeGreaterThan(8_000);
    expect(memory() - before).toBeLessThan(64 * 1024);
    expect((await ask(stack.port, "GET", "/health", { host: "localhost" })).status).toBe(200);
    const logs = docker("logs", container("gateway"));
    expect(logs).not.toContain("panic");
  });
});

describe.skipIf(noBrowser)(title("a browser", noBrowser), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start();
  });
  afterAll(() => browser?.close());
  const query = (origin: string) =>
    `fetch("${origin}/v0/gql", { method: "POST", credentials: "include", headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ apps { name } }" }) }).then((answer) => answer.text(), (error) => String(error))`;

  test("without the password sees nothing", async () => {
    await browser.open(`${outputs.dashboardUrl}/v0`).catch(() => {});
    expect(await browser.run("document.title")).not.toBe("GraphQL playground");
  });

  test("with the password is in the playground, and asks GraphQL from there", async () => {
    browser.credentials = { username: "admin", password };
    await browser.open(`${outputs.dashboardUrl}/v0`);
    expect(await browser.run("document.title")).toBe("GraphQL playground");
    expect(JSON.parse((await browser.run(query(""))) as string)).toEqual({ data: { apps: [{ name: "durable" }] } });
  });

  test("does not let a page elsewhere use the password that it keeps", async () => {
    const page = createServer((_, response) =>
      response.setHeader("content-type", "text/html").end("<title>evil</title>"),
    );
    await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = page.address() as { port: number };
      for (const host of ["localhost", "127.0.0.1"]) {
        await browser.open(`http://${host}:${port}/`);
        expect(await browser.run("document.title")).toBe("evil");
        expect(await browser.run(query(outputs.dashboardUrl))).toContain("Failed to fetch");
      }
    } finally {
      page.closeAllConnections();
      page.close();
    }
  });
});

describe.skipIf(reason)(title("containers", reason), () => {
  test.each(["server", "queue", "gateway"])(
    "the %s's may do little (CIS Docker Benchmark, section 5)",
    async (role) => {
      const [{ Config, HostConfig }] = JSON.parse(docker("inspect", container(role)));
      expect(Config.User).toBe("1000:1000");
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ["ALL"],
        CapAdd: role === "gateway" ? ["CAP_NET_BIND_SERVICE"] : null,
        SecurityOpt: ["no-new-privileges:true"],
        PidMode: "",
        UTSMode: "",
        UsernsMode: "",
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      });
      expect(HostConfig.Devices ?? []).toEqual([]);
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit).toBe(maxPids);
      expect(HostConfig.MemorySwap).toBe(HostConfig.Memory);
      expect(HostConfig.CpuShares).toBeGreaterThan(0);
      expect(HostConfig.NetworkMode).not.toBe("host");
      expect(HostConfig.IpcMode).not.toBe("host");
      expect(HostConfig.Binds.filter((bind: string) => bind.startsWith("/"))).toEqual([]);
      for (const bindings of Object.values(HostConfig.PortBindings ?? {}) as { HostIp: string }[][]) {
        for (const { HostIp } of bindings) expect(HostIp).toBe("127.0.0.1");
      }
      await eventually(40_000, async () => {
        expect(docker("inspect", "--format", "{{.State.Health.Status}}", container(role))).toBe("healthy");
      });
      const status = docker("exec", container(role), "cat", "/proc/1/status");
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      expect(() => docker("exec", container(role), "touch", "/file")).toThrow(/Read-only file system/);
    },
  );

  test("a file that an older, privileged server left is taken over at the next start", async () => {
    const server = container("server");
    docker("stop", server);
    const asRoot = ["run", "--rm", "--user", "0:0", "--volumes-from", server, "--entrypoint", "sh"];
    docker(...asRoot, docker("inspect", "--format", "{{.Image}}", server), "-c", "chown 0:0 /data/main.db*");
    docker("start", server);
    await eventually(30_000, async () => expect(await (await stack.api()).isHealthy()).toBe(true));
    expect(docker("exec", server, "stat", "--format", "%u", "/data/main.db")).toBe("1000");
  });

  test("volumes that are root's, as older versions made them, are taken over with what is in them", async () => {
    await stack.completes({ name: "durable/asleep", data: { run: "before", seconds: 0 } }, ["asleep"]);
    const runs = (await (await stack.api()).runs(100)).length;
    const image = docker("inspect", "--format", "{{.Image}}", container("queue"));
    await stack.destroy();
    for (const volume of ["data", "queue"]) {
      docker(
        "run",
        "--rm",
        "--user",
        "0:0",
        "--volume",
        `${container(volume)}:/data`,
        image,
        "chown",
        "-R",
        "0:0",
        "/data",
      );
    }
    await stack.up();
    outputs = await stack.outputs();
    expect((await (await stack.api()).runs(100)).length).toBe(runs);
    expect(await stack.changes()).toEqual([]);
  });
});

describe.skipIf(reason)(title("a name with a certificate", reason), () => {
  const name = "inngest.example.org";

  test("has TLS and its own origin, beside loopback", async () => {
    const certificate = join(stack.home, "certificate.pem");
    const key = join(stack.home, "key.pem");
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", `/CN=${name}`];
    await execa("openssl", [...request, "-addext", `subjectAltName=DNS:${name}`, "-out", certificate, "-keyout", key]);
    // For the user of the containers.
    chmodSync(stack.home, 0o755);
    chmodSync(key, 0o644);
    // Below those that the many connections before may have been given.
    const port = 10_000 + Math.floor(Math.random() * 8_000);
    const url = `https://${name}:${port}`;
    stack.set("gateway", JSON.stringify({ url, certificate, key, listen: "127.0.0.1" }));
    await stack.up();
    expect((await stack.outputs()).dashboardUrl).toBe(url);
    const ca = readFileSync(certificate);
    const secure = (path: string, headers: Record<string, string> = {}) =>
      ask(port, "GET", path, { host: `${name}:${port}`, ...headers }, undefined, { servername: name, ca });
    const [, withPassword] = headersOf(outputs, port);
    expect((await secure("/health")).status).toBe(200);
    expect((await secure("/v0")).status).toBe(401);
    expect((await secure("/v0", { ...withPassword, origin: url })).status).toBe(200);
    expect((await secure("/v0", { ...withPassword, origin: url.replace("https", "http") })).status).toBe(403);
    expect((await secure("/health", { host: "evil.example" })).status).toBe(421);
    expect((await ask(stack.port, "GET", "/health", { host: "localhost" })).status).toBe(200);
    expect((await ask(stack.port, "GET", "/health", { host: name })).status).toBe(421);
    expect(await stack.changes()).toEqual([]);
  });
});

describe.skipIf(reason)(title("a restart", reason), () => {
  /** A server whose Redis goes away ends (1.43.0), once its steps have. */
  const serverSinceQueue = () =>
    eventually(90_000, async () => {
      const [server, queue] = ["server", "queue"].map((role) =>
        docker("inspect", "--format", "{{.State.StartedAt}} {{.State.Health.Status}}", container(role)),
      ) as [string, string];
      if (server < queue || !server.endsWith(" healthy")) throw new Error(`since ${server}, the queue since ${queue}`);
    });

  test.each(["server", "queue"])(
    "of the %s under 20 events a second refuses none and forgets none",
    async (role) => {
      const event = (name: string, run: string, seconds: number) => {
        const body = JSON.stringify({ name, data: { run: `${role}-${run}`, seconds } });
        return ask(stack.port, "POST", `/e/${outputs.eventKey}`, { host: "localhost" }, body).then(
          ({ status }) => status,
          () => 0,
        );
      };
      const ends: number[] = [];
      let stopped = false;
      const restart = (async () => {
        for (let round = 0; round < 3; round++) {
          // A step that the server waits for before it ends.
          await event("durable/mid-step", `step-${round}`, 3);
          await sleep(1000);
          await execa("docker", ["restart", "--time", "60", container(role)]);
          ends.push(Date.parse(docker("inspect", "--format", "{{.State.FinishedAt}}", container(role))));
          if (role === "queue") await serverSinceQueue();
        }
        stopped = true;
      })();
      const sent: { run: string; at: number; status: Promise<number> }[] = [];
      while (!stopped) {
        const run = `restart-${sent.length}`;
        sent.push({ run: `${role}-${run}`, at: Date.now(), status: event("durable/asleep", run, 0) });
        await sleep(50);
      }
      await restart;
      const statuses = await Promise.all(sent.map(({ status }) => status));
      console.log({ sent: statuses.length });
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      // No gateway knows beforehand that Redis goes: of a run that the server puts into it just then only a part may be there.
      const inDoubt = (at: number) => role === "queue" && ends.some((end) => Math.abs(at - end) < 1500);
      const kept = sent.filter(({ at }) => !inDoubt(at));
      expect(kept.length).toBeGreaterThan(sent.length / 2);
      await untilNoneIsLeft(() => {
        const there = marks(stack);
        return kept.map(({ run }) => run).filter((run) => !there[`${run} b`]);
      });
    },
    900_000,
  );

  test("behind a burst of 500 forgets none of it", async () => {
    const runs = Array.from({ length: 500 }, (_, run) => `burst-${run}`);
    const events = runs.map((run) => ({ name: "durable/asleep", data: { run, seconds: 0 } }));
    const { status } = await ask(
      stack.port,
      "POST",
      `/e/${outputs.eventKey}`,
      { host: "localhost" },
      JSON.stringify(events),
    );
    expect(status).toBe(200);
    await execa("docker", ["restart", "--time", "60", container("server")]);
    await untilNoneIsLeft(() => {
      const there = marks(stack);
      return runs.filter((run) => !there[`${run} a`]);
    });
  }, 900_000);
});
