import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { needs } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { type RuntimeName, SOURCE, TestWorker } from "../support/worker.ts";

const runtimes: RuntimeName[] = ["node", "bun"];

describe.each(runtimes)("a worker on %s keeps itself registered", (runtime) => {
  const [title, skipped] = needs("with a real server", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    beforeEach(async () => {
      server = await TestServer.start();
    });
    afterEach(() => server.dispose());

    async function startWorker(more: Partial<Parameters<typeof TestWorker.start>[0]> = {}): Promise<TestWorker> {
      const worker = await TestWorker.prepare({ server, runtime, ...more });
      onTestFinished(() => worker.dispose());
      worker.boot();
      return worker;
    }

    test("when the server comes later than the worker", async () => {
      await server.halt("SIGKILL");
      const worker = await startWorker();
      await until("the worker waited", () => worker.output.includes("not registered, trying on"));
      await server.boot();
      await worker.registered();
      expect(await server.functionIds()).toContain("process-task");
    });

    test.each(["SIGTERM", "SIGKILL"] as const)(
      "within 20 s after the server went by %s and came back",
      async (signal) => {
        const worker = await startWorker();
        await worker.registered();
        await server.halt(signal);
        await until("the worker saw it", () => worker.output.includes("not registered, trying on"), 10_000);
        await server.boot();
        await until("it registered again", () => worker.output.split('"registered"').length === 3, 20_000);
        await worker.registered();
        const event = await server.send("project/changed", { project: "one", summary: "first" });
        expect(await server.ended(event, "update-project")).toMatchObject({ status: "COMPLETED" });
      },
    );

    test.each(["serve", "connect"])(
      "by %s within 20 s on a server that has forgotten everything",
      async (TRANSPORT) => {
        const worker = await startWorker({ env: { TRANSPORT } });
        await worker.registered();
        await server.reset();
        await until(
          "the server had the functions",
          async () => (await server.functionIds()).includes("process-task"),
          20_000,
        );
      },
    );

    test("when a trigger has changed on disk and the worker is started again", async () => {
      const source = await copySource();
      const worker = await startWorker({ source });
      await worker.registered();
      await changeTrigger(source);
      await worker.halt("SIGTERM");
      worker.boot();
      await worker.registered();
      expect(await server.triggersOf("expire-claims")).toEqual(["40 * * * *"]);
    });

    test("and a worker that connects is healed by the auditor after an older one was connected", async () => {
      const source = await copySource();
      await changeTrigger(source);
      const env = { TRANSPORT: "connect" };
      const worker = await startWorker({ source, env });
      await worker.registered();
      const older = await startWorker({ env });
      await older.registered();
      await older.halt("SIGTERM");
      expect(await server.triggersOf("expire-claims")).toEqual(["20 * * * *"]);

      const event = await server.send("audit/requested", {});
      expect(await server.ended(event, "audit-triggers", 40_000)).toMatchObject({ status: "COMPLETED" });
      expect(await server.triggersOf("expire-claims")).toEqual(["40 * * * *"]);
    });

    test("and an app that does not register itself is healed by the auditor", async () => {
      const source = await copySource();
      await writeFile(join(source, "existing-app.ts"), EXISTING_APP);
      const worker = await startWorker({ source, args: ["existing-app.ts"] });
      await until("the app answered", async () => (await fetch(`${worker.origin}/`)).ok);
      await server.putFrom(worker.origin);
      expect(await server.triggersOf("expire-claims")).toEqual(["20 * * * *"]);

      await changeTrigger(source);
      await worker.halt("SIGTERM");
      worker.boot();
      await until("the app answered", async () => (await fetch(`${worker.origin}/`)).ok);
      expect(await server.triggersOf("expire-claims")).toEqual(["20 * * * *"]);

      const event = await server.send("audit/requested", {});
      expect(await server.ended(event, "audit-triggers")).toMatchObject({ status: "COMPLETED" });
      expect(await server.triggersOf("expire-claims")).toEqual(["40 * * * *"]);
      const names = await until("both events were there", async () => {
        const found = await server.eventNames();
        return found.includes("audit/drift.healed") && found;
      });
      expect(names).toContain("audit/drift.detected");
    });
  });
});

/** The same functions in an app that only serves them, as an app of one's own does. */
const EXISTING_APP = `
import { createApp } from "./app.ts";
import { listen } from "./runtime.ts";
const transport = { name: "serve", registered: true, start() {}, async stop() {} } as const;
await listen(createApp(transport).fetch, "127.0.0.1", Number(process.env.PORT));
`;

async function copySource(): Promise<string> {
  const source = await mkdtemp(join(tmpdir(), "inngest-source-"));
  onTestFinished(() => rm(source, { recursive: true, force: true }));
  await cp(SOURCE, source, {
    recursive: true,
    filter: (path) => !/node_modules|tests/.test(path.slice(SOURCE.length)),
  });
  await symlink(join(SOURCE, "node_modules"), join(source, "node_modules"));
  return source;
}

async function changeTrigger(source: string): Promise<void> {
  const path = join(source, "functions/expire-claims.ts");
  const code = await readFile(path, "utf8");
  const changed = code.replace('cron("20 * * * *")', 'cron("40 * * * *")');
  expect(changed).not.toBe(code);
  await writeFile(path, changed);
}
