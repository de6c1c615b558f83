// Proves the order of the steps of a move and of an upgrade: each is killed before everything that it does, run again and
// killed once more. The world is a model of stacks with ports, keys and data, to which events are sent all the time. That
// real steps do what the model does is for the integration suites, which kill real ones.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type MovableStack, type Move, type MoveTools, moveStack } from "../../cli/move/steps.ts";
import { type Upgrade, type UpgradeTools, upgradeStack } from "../../cli/upgrade/steps.ts";

const scratch = mkdtempSync(join(tmpdir(), "steps-"));
const { TMPDIR } = process.env;
beforeAll(() => {
  // A killed run leaves its folder behind. Not a stub, which vitest would undo before the first test.
  process.env.TMPDIR = scratch;
  vi.spyOn(console, "log").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(scratch, { recursive: true });
});

/** Effects of a run, by their number from 1: one that fails, and one before which the run is killed. */
interface Faults {
  fails?: number;
  killedAt?: number;
}

/** Counts what a run does to the world, and fails or kills it there. */
class Effects {
  done = 0;
  readonly #faults: Faults;
  readonly #always: () => void;
  /** Resolves when the run was killed; the run itself never continues. */
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
  gateway: boolean;
  worker: boolean;
  /** The key in its settings, in its running server, and the generated one. */
  keySetting: string | undefined;
  key: string;
  ownKey: string;
  data: Set<number>;
  /** Its history is lost when its server stops. */
  isEphemeral: boolean;
}

class MoveWorld {
  readonly stacks: Record<string, Stack>;
  readonly accepted = new Set<number>();
  readonly folders = new Map<string, Set<number>>();
  journal: Move | undefined;
  #sent = 0;

  constructor(isEphemeral: boolean) {
    const stack = (ownKey: string, up: boolean): Stack => ({
      server: up,
      gateway: up,
      worker: up,
      keySetting: undefined,
      key: ownKey,
      ownKey,
      data: new Set(),
      isEphemeral: isEphemeral && up,
    });
    this.stacks = { source: stack("key", true), target: stack("other", false) };
  }

  get running(): string[] {
    return Object.keys(this.stacks).filter((name) => this.#of(name).server && this.#of(name).gateway);
  }

  /** Sends an event with the source's key to the stack that has the port. */
  send = (): void => {
    expect(this.running.length).toBeLessThan(2);
    const [name] = this.running;
    if (name === undefined || this.#of(name).key !== "key") return;
    this.#of(name).data.add(++this.#sent);
    this.accepted.add(this.#sent);
  };

  tools(effects: Effects): MoveTools {
    const of = (name: string) => this.#of(name);
    return {
      pulumi: {
        outputs: async <T>(name: string) => ({ signingKey: of(name).key, eventKey: of(name).key }) as T,
        configure: async (name, settings, secrets = {}) => {
          await effects.next();
          of(name).keySetting = secrets.signingKey ?? settings.signingKey;
        },
        change: async (_, name) => {
          await effects.next();
          const stack = of(name);
          if (this.running.some((other) => other !== name)) return "failed";
          const key = stack.keySetting ?? stack.ownKey;
          Object.assign(stack, { server: true, gateway: true, worker: true, key });
          await effects.next();
          return "done";
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
      copyWorkerData: () => undefined,
      untilHealthy: async () => await effects.next(),
      verify: async () => await effects.next(),
    };
  }

  #of(name: string): Stack {
    return this.stacks[name] as Stack;
  }

  #stateOf(stack: Stack, effects: Effects): MovableStack {
    const stopped: Record<string, () => void> = {
      gateway: () => Object.assign(stack, { gateway: false }),
      worker: () => Object.assign(stack, { worker: false }),
    };
    return {
      dataFolder: "/nowhere",
      parts: {
        start: async (...names) => {
          await effects.next();
          if (names.length === 0) Object.assign(stack, { server: true, gateway: true });
          return true;
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
          if (stack.isEphemeral) stack.data = new Set();
        },
      },
      data: stack.isEphemeral
        ? {
            copyEphemeralHistory: async (folder: string) => {
              await effects.next();
              expect(stack.server, "the server whose history is copied").toBe(true);
              this.folders.set(folder, new Set(stack.data));
            },
          }
        : {},
      copyData: async (folder) => {
        await effects.next();
        // An ephemeral history was copied from the running server.
        if (!stack.isEphemeral) this.folders.set(folder, new Set(stack.data));
        return { runs: stack.data.size, unfinished: 0 };
      },
      replaceData: async (folder) => {
        await effects.next();
        expect(stack.server, "the server while its data is replaced").toBe(false);
        stack.data = new Set(this.folders.get(folder));
        await effects.next();
        return "previous";
      },
      newest: async () => Math.max(0, ...stack.data),
    };
  }
}

/** One run; `ended` unless it was killed, whatever it reported. */
async function attempt(world: MoveWorld, faults: Faults = {}): Promise<{ ended: boolean; effects: number }> {
  const effects = new Effects(faults, world.send);
  const moved = moveStack(world.tools(effects), "source", "target").catch(() => "refused");
  const ended = (await Promise.race([moved, effects.dead])) !== "dead";
  return { ended, effects: effects.done };
}

describe.each([false, true])("a move (from a server that keeps nothing: %s)", (isEphemeral) => {
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

  test("ends in the target when nothing disturbs it", async () => {
    const world = new MoveWorld(isEphemeral);
    await attempt(world);
    expect(world.running).toEqual(["target"]);
    expectOneWithAll(world, "undisturbed");
    expect(world.accepted.size).toBeGreaterThan(3);
  });

  test("killed before anything that it does, and again in the next run, ends in one stack with all data", async () => {
    const { effects } = await attempt(new MoveWorld(isEphemeral));
    expect(effects).toBeGreaterThan(20);
    for (let first = 1; first <= effects; first++) {
      for (let second = 1; second <= effects + 5; second++) {
        const world = new MoveWorld(isEphemeral);
        await attempt(world, { killedAt: first });
        if (!(await attempt(world, { killedAt: second })).ended) await attempt(world);
        expect(world.running).toEqual(["target"]);
        expectOneWithAll(world, `killed before ${first} and ${second}`);
      }
    }
  });

  test("that fails anywhere, and is killed while it goes back, ends in one stack with all data", async () => {
    const { effects } = await attempt(new MoveWorld(isEphemeral));
    for (let first = 1; first <= effects; first++) {
      // Going back takes no more effects than going forward.
      for (let second = first + 1; second <= first + effects; second++) {
        const world = new MoveWorld(isEphemeral);
        await attempt(world, { fails: first, killedAt: second });
        // It was killed, or only the target counts by now.
        if (world.journal) await attempt(world);
        expectOneWithAll(world, `failed at ${first}, killed before ${second}`);
      }
    }
  });
});

describe("an upgrade", () => {
  /** A stack whose new server may not come up, and whose database the old one may then no longer read. */
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
            return comesUp ? "done" : "failed";
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
  ])(
    "to a version that %s, killed before anything that it does, ends at one version with all data",
    async (_, ...world) => {
      const [good, migrates, version, restored] = world;
      const { effects } = await attempt(new UpgradeWorld(good, migrates));
      expect(effects).toBeGreaterThan(4);
      for (let first = 1; first <= effects; first++) {
        for (let second = 1; second <= effects + 2; second++) {
          const world = new UpgradeWorld(good, migrates);
          const why = `killed before ${first} and ${second}`;
          if (!(await attempt(world, { killedAt: first })).ended) {
            // The stack was used before the next run, where it was up.
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
    },
  );
});
