// Starts real worker processes without a server. Proves exit codes, messages and addresses; what needs a server is tested in the
// other files of this folder.
import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { needs, runtimes } from "../support/engines.ts";
import { freePort, type Running, start, until } from "../support/processes.ts";
import { runtimeBinary, workerSource } from "../support/worker.ts";

const required = {
  INNGEST_BASE_URL: "http://127.0.0.1:9",
  INNGEST_SIGNING_KEY: "00112233",
  INNGEST_EVENT_KEY: "event-key-of-the-test",
  INNGEST_SERVE_ORIGIN: "http://127.0.0.1:3111",
};

describe.each(runtimes)("a worker on %s", (runtime) => {
  const [title, skipped] = needs("as a process", runtime);

  describe.skipIf(skipped)(title, () => {
    let worker: Running | undefined;
    let other: Server | undefined;

    afterEach(async () => {
      await worker?.end("SIGKILL");
      other?.close();
    });

    const boot = (env: Record<string, string>) => {
      worker = start(runtimeBinary(runtime) ?? runtime, ["serve.ts"], env, workerSource);
      return worker;
    };
    const occupy = (host: string, port: number) =>
      new Promise<void>((resolve) => {
        other = createServer().listen(port, host, resolve);
      });

    test("exits with 78 without its environment and names everything that is missing", async () => {
      const started = boot({});
      expect(await started.ended).toBe(78);
      for (const name of Object.keys(required))
        expect(started.output).toMatch(new RegExp(`^${name} is not set: it must be .+`, "m"));
    });

    test("exits with 78 on a malformed key without showing it", async () => {
      const started = boot({ ...required, INNGEST_SIGNING_KEY: "signkey-test-00112233" });
      expect(await started.ended).toBe(78);
      expect(started.output).toContain("INNGEST_SIGNING_KEY is malformed");
      expect(started.output).not.toContain("00112233");
    });

    test("exits with 1 on a taken port and says how to find its user", async () => {
      const port = await freePort();
      await occupy("127.0.0.1", port);
      const started = boot({ ...required, PORT: String(port) });
      expect(await started.ended).toBe(1);
      expect(started.output).toContain(
        `HOST 127.0.0.1, PORT ${port} is taken by another worker or another program: \`lsof -i :${port}\``,
      );
    });

    test("waits for the server and exits at once on SIGTERM", async () => {
      const started = boot({ ...required, PORT: String(await freePort()) });
      await until("it retried", () => started.output.includes("not registered, retrying"));
      expect(started.output).not.toContain(required.INNGEST_EVENT_KEY);
      expect(await started.end("SIGTERM")).toBe(0);
    });

    // Other systems have only one address on the loopback interface.
    test.skipIf(process.platform !== "linux")(
      "listens on a further address as soon as it is available (Linux only)",
      async () => {
        const port = await freePort();
        await occupy("127.0.0.2", port);
        const started = boot({ ...required, PORT: String(port), HOST: "127.0.0.1,127.0.0.2" });
        await until("it started without the second address", () =>
          started.output.includes("address not available yet, retrying"),
        );
        expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
        other?.close();
        await until(
          "it listened on the second address",
          async () => (await fetch(`http://127.0.0.2:${port}/`)).ok,
          10_000,
        );
      },
    );
  });
});
