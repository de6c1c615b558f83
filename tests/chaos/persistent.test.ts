// Random kills for CHAOS_MINUTES (20 by default): of server, queue and worker, alone and together, while events come.
// Proves that every run of an accepted event ends. Does not prove: a power cut, a full disk; the last events that a
// server accepted may be lost, because server 1.43.0 answers before it stores.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { durableWorker } from "../../tools/durable-worker.ts";
import { missing, title } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { crash, docker, leftovers, untilRunning } from "../support/containers.ts";
import { Traffic } from "../support/traffic.ts";

const reason = await missing("pulumi", "docker");
const minutes = Number(process.env.CHAOS_MINUTES ?? 20);
/** Another seed is another night; a failed one is repeated by its own. */
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const targets = [["server"], ["queue"], ["worker"], ["server", "queue"], ["server", "queue", "worker"]];

describe.skipIf(reason)(title(`chaos with seed ${seed}`, reason), () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    stack.set("workerDir", durableWorker(stack.home));
    await stack.up();
  });
  afterAll(async () => {
    await stack.remove();
    for (const volume of leftovers(stack.name).volumes) docker("volume", "rm", volume);
  });

  async function kill(roles: string[], traffic: Traffic): Promise<void> {
    if (roles.includes("worker")) {
      const record = join(stack.dataFolder, "run", "worker.json");
      process.kill((JSON.parse(readFileSync(record, "utf8")) as { pid: number }).pid, "SIGKILL");
    }
    const containers = roles.filter((role) => role !== "worker").map((role) => `inngest-${stack.name}-${role}`);
    crash(...containers);
    // Answers of the one that is gone have come by then, and the next one does not answer yet.
    await sleep(200);
    if (roles.includes("server")) traffic.serverIsGone();
    // Docker brings its own back; a process without a supervisor is the next up's.
    for (const container of containers) await untilRunning(container);
    if (roles.includes("worker")) await stack.up();
  }

  test(
    `nothing is lost in ${minutes} minutes`,
    async () => {
      const random = randomOf(seed);
      const traffic = new Traffic(stack);
      await traffic.start();
      const kills: Record<string, number> = {};
      const end = Date.now() + minutes * 60_000;
      while (Date.now() < end) {
        await sleep(5_000 + random() * 15_000);
        const roles = targets[Math.floor(random() * targets.length)] as string[];
        kills[roles.join("+")] = (kills[roles.join("+")] ?? 0) + 1;
        await kill(roles, traffic);
      }
      await traffic.stop();
      // The gateway knows of a planned stop alone.
      const lost = await traffic.untilEnded({ noGateway: true });
      console.log({ seed, kills, accepted: traffic.accepted.size, tries: traffic.tries, lost: lost.length });
      expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(minutes);
    },
    minutes * 60_000 + 900_000,
  );
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
