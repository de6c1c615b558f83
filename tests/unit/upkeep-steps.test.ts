// A move and an upgrade, killed before each thing that they do to the world and then run again, and once more killed in
// that. The world is a model: stacks with ports, keys and data, and somebody who sends an event at every moment. Proves
// the order of the steps. That each does what the model does is for the integration suites, which kill the real ones.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type MovableStack, type Move, type MoveTools, moveStack } from "../../cli/move/steps.ts";
import { type Upgrade, type UpgradeTools, upgradeStack } from "../../cli/upgrade/steps.ts";

const scratch = mkdtempSync(join(tmpdir(), "steps-"));
beforeEach(() => {
  // A killed try never removes its folders. Not in beforeAll: `unstubEnvs` resets the variable before each test.
  vi.stubEnv("TMPDIR", scratch);
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Numbers, from 1, of what is done to the world in a try: one that fails, and one before which the try is killed. */
interface Faults {
  fails?: number;
  killedAt?: number;
}

/** Counts what is done to the world, and makes its faults. */
class Effects {
  done = 0;
  readonly #faults: Faults;
  readonly #always: () => void;
  /** Settles when the try was killed, of which nothing of the program learns. */
  readonly dead: Promise<"dead">;
  #die: (value: "dead") => void = () => undefined;

  constructor(faults: Faults, always: () => void) {
    this.#faults = faults;
    this.#always = always;
    this.dead = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  async next(): Promise<void> {
    this.#always();
    this.done++;
    if (this.done === this.#faults.fails) throw new Error("no luck");
    if (this.done !== this.#faults.killedAt) return;
    this.#die("dead");
    await new Promise(() => undefined);
  }
}

interface Stack {
  server: boolean;
  door: boolean;
  worker: boolean;
  /** In its settings, in its running server, and the one it makes for itself. */
  keySetting: string | undefined;
  key: string;
  ownKey: string;
  data: Set<number>;
  /** Its history goes when its server stops. */
  unkept: boolean;
}

/** A stack as a move sees it, and what it stands for. */
interface ModelledStack extends MovableStack {
  stack: Stack;
}

class MoveWorld {
  readonly stacks: Record<string, Stack>;
  readonly accepted = new Set<number>();
  readonly folders = new Map<string, Set<number>>();
  journal: Move | undefined;
  #sent = 0;

  constructor(unkept: boolean) {
    const stack = (ownKey: string, up: boolean): Stack => ({
      server: up,
      door: up,
      worker: up,
      keySetting: undefined,
      key: ownKey,
      ownKey,
      data: new Set(),
      unkept: unkept && up,
    });
    this.stacks = { source: stack("key", true), target: stack("other", false) };
  }

  get running(): string[] {
    return Object.keys(this.stacks).filter((name) => this.#of(name).server && this.#of(name).door);
  }

  /** Somebody with the source's key sends to whoever has the port. */
  send = (): void => {
    expect(this.running.length).toBeLessThan(2);
    const [name] = this.running;
    if (name === undefined || this.#of(name).key !== "key") return;
    this.#of(name).data.add(++this.#sent);
    this.accepted.add(this.#sent);
  };

  tools(effects: Effects): MoveTools<ModelledStack> {
    const of = (name: string) => this.#of(name);
    return {
      pulumi: {
        outputs: async (name: string) => ({ signingKey: of(name).key, eventKey: of(name).key }) as never,
        configure: async (name, settings) => {
          await effects.next();
          if ("signingKey" in settings) of(name).keySetting = settings.signingKey;
        },
        configureSecret: async (name, key, value) => {
          await effects.next();
          if (key === "signingKey") of(name).keySetting = value;
        },
        change: async (_, name) => {
          await effects.next();
          const stack = of(name);
          if (this.running.some((other) => other !== name)) return 1;
          const key = stack.keySetting ?? stack.ownKey;
          Object.assign(stack, { server: true, door: true, worker: true, key });
          await effects.next();
          return 0;
        },
      },
      journal: {
        read: () => this.journal,
        write: (entry) => {
          this.journal = entry;
        },
        remove: () => {
          this.journal = undefined;
        },
      },
      stateOf: async (name) => this.#stateOf(of(name), effects),
      copyData: async (_, folder) => {
        await effects.next();
        const { data } = of("source");
        // What an unkept one has was copied from its running server.
        if (!of("source").unkept) this.folders.set(folder, new Set(data));
        return { runs: data.size, unfinished: 0 };
      },
      copyWorkerData: () => undefined,
      replaceData: async (name, _, folder) => {
        await effects.next();
        expect(of(name).server, `the server of ${name} while its data are replaced`).toBe(false);
        of(name).data = new Set(this.folders.get(folder));
        await effects.next();
        return "replaced";
      },
      newest: async ({ stack }) => Math.max(0, ...stack.data),
      untilHealthy: async () => await effects.next(),
      verify: async () => await effects.next(),
    };
  }

  #of(name: string): Stack {
    return this.stacks[name] as Stack;
  }

  #stateOf(stack: Stack, effects: Effects): ModelledStack {
    const stopped: Record<string, () => void> = {
      gateway: () => Object.assign(stack, { door: false }),
      worker: () => Object.assign(stack, { worker: false }),
      queue: () => undefined,
    };
    return {
      dataDir: "/nowhere",
      stack,
      parts: {
        start: async () => {
          await effects.next();
          Object.assign(stack, { server: true, door: true });
        },
        stop: async (...names) => {
          for (const name of names) {
            await effects.next();
            stopped[name]?.();
          }
        },
        stopWriters: async () => {
          await effects.next();
          stack.server = false;
          if (stack.unkept) stack.data = new Set();
        },
      },
      data: stack.unkept
        ? {
            copyEphemeralHistory: async (folder: string) => {
              await effects.next();
              expect(stack.server, "the server whose history is copied").toBe(true);
              this.folders.set(folder, new Set(stack.data));
            },
          }
        : {},
    };
  }
}

/** One try; `true` when it came to its end, whatever it said. */
async function attempt(world: MoveWorld, faults: Faults = {}): Promise<{ ended: boolean; effects: number }> {
  const effects = new Effects(faults, world.send);
  const moved = moveStack(world.tools(effects), "source", "target").catch(() => "refused");
  const ended = (await Promise.race([moved, effects.dead])) !== "dead";
  return { ended, effects: effects.done };
}

describe.each([false, true])("a move (from a server that keeps nothing: %s)", (unkept) => {
  const expectOneWithAll = (world: MoveWorld, why: string) => {
    expect(world.running.length, why).toBe(1);
    const [name] = world.running;
    const { data, key, worker } = world.stacks[name as string] as Stack;
    expect(
      [...world.accepted].filter((event) => !data.has(event)),
      `${why}: lost of what was accepted`,
    ).toEqual([]);
    expect([key, worker], why).toEqual(["key", true]);
    expect(world.journal, why).toBeUndefined();
  };

  test("that nothing disturbs ends in the target", async () => {
    const world = new MoveWorld(unkept);
    await attempt(world);
    expect(world.running).toEqual(["target"]);
    expectOneWithAll(world, "undisturbed");
    expect(world.accepted.size).toBeGreaterThan(3);
  });

  test("killed before anything that it does, and again in the next try, ends in one stack with all", async () => {
    const { effects } = await attempt(new MoveWorld(unkept));
    expect(effects).toBeGreaterThan(20);
    for (let first = 1; first <= effects; first++) {
      for (let second = 1; second <= effects + 5; second++) {
        const world = new MoveWorld(unkept);
        await attempt(world, { killedAt: first });
        if (!(await attempt(world, { killedAt: second })).ended) await attempt(world);
        expect(world.running).toEqual(["target"]);
        expectOneWithAll(world, `killed before ${first} and ${second}`);
      }
    }
  });

  test("that fails anywhere, and is killed as it brings the source back, ends in one stack with all", async () => {
    const { effects } = await attempt(new MoveWorld(unkept));
    for (let first = 1; first <= effects; first++) {
      // The way back is no longer than the way forth.
      for (let second = first + 1; second <= first + effects; second++) {
        const world = new MoveWorld(unkept);
        await attempt(world, { fails: first, killedAt: second });
        // Where it did not end, or where the target is the one that counts.
        if (world.journal) await attempt(world);
        expectOneWithAll(world, `failed at ${first}, killed before ${second}`);
      }
    }
  });
});

describe("an upgrade", () => {
  /** A stack whose new server may not come up, and whose database may then suit the old one no more. */
  class UpgradeWorld {
    version: string | undefined = "1";
    setting: string | undefined;
    format = 1;
    data = new Set<number>([1, 2]);
    journal: Upgrade | undefined;
    restored = 0;
    stopped = false;
    readonly accepted = new Set<number>([1, 2]);
    readonly #good: boolean;
    readonly #migrates: boolean;
    #sent = 2;

    constructor(good: boolean, migrates: boolean) {
      this.#good = good;
      this.#migrates = migrates;
    }

    get runs(): boolean {
      return this.version !== undefined && !this.stopped;
    }

    send = (): void => {
      if (!this.runs) return;
      this.data.add(++this.#sent);
      this.accepted.add(this.#sent);
    };

    tools(effects: Effects): UpgradeTools {
      return {
        pulumi: {
          configure: async (_, { serverBinary }) => {
            await effects.next();
            this.setting = serverBinary;
          },
          change: async () => {
            await effects.next();
            const wanted = this.setting ?? "1";
            if (wanted === "2" && this.#migrates) this.format = 2;
            const comesUp = wanted === "2" ? this.#good : this.format === 1;
            this.version = comesUp ? wanted : undefined;
            await effects.next();
            return comesUp ? 0 : 1;
          },
        },
        journal: {
          write: (entry) => {
            this.journal = entry;
          },
          remove: () => {
            this.journal = undefined;
          },
        },
        start: async () => {
          await effects.next();
          this.stopped = false;
        },
        untilHealthy: async () => {
          await effects.next();
          if (!this.runs) throw new Error("it does not answer");
        },
        verify: async () => await effects.next(),
        restore: async (_, __, onReplaced) => {
          await effects.next();
          this.stopped = true;
          await effects.next();
          this.data = new Set([1, 2]);
          this.accepted.clear();
          for (const event of this.data) this.accepted.add(event);
          this.format = 1;
          this.restored++;
          onReplaced();
          await effects.next();
          Object.assign(this, { stopped: false, version: "1" });
          await effects.next();
        },
      };
    }
  }

  const plan: Upgrade = {
    step: "forward",
    from: "1",
    to: "2",
    setting: "serverBinary",
    before: undefined,
    after: "2",
    backup: "/backup",
  };

  const attempt = async (world: UpgradeWorld, faults: Faults = {}): Promise<{ ended: boolean; effects: number }> => {
    const effects = new Effects(faults, world.send);
    const upgraded = upgradeStack(world.tools(effects), "stack", world.journal ?? plan).catch(() => "back");
    return { ended: (await Promise.race([upgraded, effects.dead])) !== "dead", effects: effects.done };
  };

  test.each([
    ["works", true, true, "2", 0],
    ["does not come up", false, false, "1", 0],
    ["does not come up and has changed the database", false, true, "1", 1],
  ])("to a version that %s, killed before anything that it does, ends in one with all", async (_, ...world) => {
    const [good, migrates, version, restored] = world;
    const { effects } = await attempt(new UpgradeWorld(good, migrates));
    expect(effects).toBeGreaterThan(4);
    for (let first = 1; first <= effects; first++) {
      for (let second = 1; second <= effects + 2; second++) {
        const world = new UpgradeWorld(good, migrates);
        const why = `killed before ${first} and ${second}`;
        if (!(await attempt(world, { killedAt: first })).ended) {
          // Whoever comes back an hour later has used the stack, where it runs.
          world.send();
          if (!(await attempt(world, { killedAt: second })).ended) await attempt(world);
        }
        expect([world.runs, world.version, world.journal], why).toEqual([true, version, undefined]);
        expect(
          [...world.accepted].filter((event) => !world.data.has(event)),
          why,
        ).toEqual([]);
        expect(world.restored, why).toBe(restored);
      }
    }
  });
});
