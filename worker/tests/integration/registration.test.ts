// Runs real workers against a real server that is ended, reset or given outdated triggers. Proves that the server ends up with the
// declared functions; not rollouts of several replicas.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { needs, runtimes } from "../support/engines.ts";
import { until } from "../support/processes.ts";
import { TestServer } from "../support/server.ts";
import { TestWorker, type WorkerOptions, workerSource } from "../support/worker.ts";

describe.each(runtimes)("a worker on %s", (runtime) => {
  const [title, skipped] = needs("with a real server", "inngest", runtime);

  describe.skipIf(skipped)(title, () => {
    let server: TestServer;
    beforeEach(async () => {
      server = await TestServer.start();
    });
    afterEach(() => server.dispose());

    async function startWorker(options: Partial<WorkerOptions> = {}): Promise<TestWorker> {
      const worker = await TestWorker.prepare({ server, runtime, ...options });
      onTestFinished(() => worker.dispose());
      worker.boot();
      return worker;
    }

    test("registers with a server that starts after it", async () => {
      await server.halt("SIGKILL");
      const worker = await startWorker();
      await until("the worker waited", () => worker.output.includes("not registered, retrying"));
      await server.boot();
      await worker.registered();
      expect(await server.functionIds()).toContain("process-task");
    });

    test.each(["SIGTERM", "SIGKILL"] as const)(
      "registers again within 20 s after a server was ended by %s and restarted",
      async (signal) => {
        const worker = await startWorker();
        await worker.registered();
        await server.halt(signal);
        await until("the worker noticed", () => worker.output.includes("not registered, retrying"), 10_000);
        await server.boot();
        await until("the worker registered again", () => worker.output.split('"registered"').length === 3, 20_000);
        await worker.registered();
        const event = await server.send("project/changed", { project: "one", summary: "first" });
        expect(await server.ended(event, "update-project")).toMatchObject({ status: "COMPLETED" });
      },
    );

    test.each(["serve", "connect"])(
      "with transport %s registers within 20 s with a server that has lost its data",
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

    test("registers a changed trigger when it is restarted", async () => {
      const source = await copySource();
      const worker = await startWorker({ source });
      await worker.registered();
      await changeTrigger(source);
      await worker.halt("SIGTERM");
      worker.boot();
      await worker.registered();
      expect(await server.triggersOf("expire-claims")).toEqual(["40 * * * *"]);
    });

    test("with transport connect is registered again by audit-triggers after an older version was connected", async () => {
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

    test("that does not register itself is registered by audit-triggers after a trigger has changed", async () => {
      const source = await copySource();
      await writeFile(join(source, "existing-app.ts"), existingApp);
      const worker = await startWorker({ source, args: ["existing-app.ts"] });
      await until("the app answered", async () => (await fetch(`${worker.origin}/`)).ok);
      await server.requestRegistration(worker.origin);
      expect(await server.triggersOf("expire-claims")).toEqual(["20 * * * *"]);

      await changeTrigger(source);
      await worker.halt("SIGTERM");
      worker.boot();
      await until("the app answered", async () => (await fetch(`${worker.origin}/`)).ok);
      expect(await server.triggersOf("expire-claims")).toEqual(["20 * * * *"]);

      const event = await server.send("audit/requested", {});
      expect(await server.ended(event, "audit-triggers")).toMatchObject({ status: "COMPLETED" });
      expect(await server.triggersOf("expire-claims")).toEqual(["40 * * * *"]);
      const names = await until("both events had arrived", async () => {
        const found = await server.eventNames();
        return found.includes("audit/drift.healed") && found;
      });
      expect(names).toContain("audit/drift.detected");
    });
  });
});

/** An app that serves the functions without registering them, as an existing app does. */
const existingApp = `
import { createApp } from "./app.ts";
import { listen } from "./runtime.ts";
const transport = { name: "serve", registered: true, start() {}, async stop() {} } as const;
await listen(createApp(transport).fetch, "127.0.0.1", Number(process.env.PORT));
`;

async function copySource(): Promise<string> {
  const source = await mkdtemp(join(tmpdir(), "inngest-source-"));
  onTestFinished(() => rm(source, { recursive: true, force: true }));
  await cp(workerSource, source, {
    recursive: true,
    filter: (path) => !/node_modules|tests/.test(path.slice(workerSource.length)),
  });
  await symlink(join(workerSource, "node_modules"), join(source, "node_modules"));
  return source;
}

async function changeTrigger(source: string): Promise<void> {
  const path = join(source, "functions/expire-claims.ts");
  const code = await readFile(path, "utf8");
  const changed = code.replace('cron("20 * * * *")', 'cron("40 * * * *")');
  expect(changed).not.toBe(code);
  await writeFile(path, changed);
}
