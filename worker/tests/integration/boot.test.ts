import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { needs } from "../support/engines.ts";
import { freePort, type Running, start, until } from "../support/processes.ts";
import { type RuntimeName, SOURCE } from "../support/worker.ts";

const runtimes: RuntimeName[] = ["node", "bun"];
const enough = {
  INNGEST_BASE_URL: "http://127.0.0.1:9",
  INNGEST_SIGNING_KEY: "00112233",
  INNGEST_EVENT_KEY: "event-key-of-the-test",
  INNGEST_SERVE_ORIGIN: "http://127.0.0.1:3111",
};

describe.each(runtimes)("a start on %s", (runtime) => {
  const [title, skipped] = needs("as a process", runtime);

  describe.skipIf(skipped)(title, () => {
    let worker: Running | undefined;
    let other: Server | undefined;

    afterEach(async () => {
      await worker?.end("SIGKILL");
      other?.close();
    });

    const boot = (env: Record<string, string>) => {
      worker = start(join(SOURCE, "node_modules", ".bin", runtime), ["serve.ts"], env, SOURCE);
      return worker;
    };
    const occupy = (host: string, port: number) =>
      new Promise<void>((resolve) => {
        other = createServer().listen(port, host, resolve);
      });

    test("without its environment ends with 78 and names everything that is missing", async () => {
      const started = boot({});
      expect(await started.ended).toBe(78);
      for (const name of Object.keys(enough))
        expect(started.output).toMatch(new RegExp(`^${name} is not set: it must be .+`, "m"));
    });

    test("with a malformed key ends with 78 and does not show the key", async () => {
      const started = boot({ ...enough, INNGEST_SIGNING_KEY: "signkey-test-00112233" });
      expect(await started.ended).toBe(78);
      expect(started.output).toContain("INNGEST_SIGNING_KEY is malformed");
      expect(started.output).not.toContain("00112233");
    });

    test("on a taken port ends with 1 and says how to find who has it", async () => {
      const port = await freePort();
      await occupy("127.0.0.1", port);
      const started = boot({ ...enough, PORT: String(port) });
      expect(await started.ended).toBe(1);
      expect(started.output).toContain(
        `HOST 127.0.0.1, PORT ${port} is taken, by another worker or any other program: \`lsof -i :${port}\``,
      );
    });

    test("waits for the server without ending, and ends at once on SIGTERM", async () => {
      const started = boot({ ...enough, PORT: String(await freePort()) });
      await until("it tried on", () => started.output.includes("not registered, trying on"));
      expect(started.output).not.toContain(enough.INNGEST_EVENT_KEY);
      expect(await started.end("SIGTERM")).toBe(0);
    });

    // Other systems have no second address on their own loopback interface.
    test.skipIf(process.platform !== "linux")(
      "takes a further address as soon as it can be had (Linux only)",
      async () => {
        const port = await freePort();
        await occupy("127.0.0.2", port);
        const started = boot({ ...enough, PORT: String(port), HOST: "127.0.0.1,127.0.0.2" });
        await until("it went on without the second", () =>
          started.output.includes("address not available yet, trying on"),
        );
        expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
        other?.close();
        await until("it listened there too", async () => (await fetch(`http://127.0.0.2:${port}/`)).ok, 10_000);
      },
    );
  });
});
