// Proves of the steps themselves that no call and no event is refused while one of two neighbours has taken a step and
// the other has not, and that a rotation which is killed before anything that it does continues when it is run again.
// Stacks and settings are models here: the integration suite has server, SDK and a real kill.
import { describe, expect, test } from "vitest";
import { type RotationState, type RotationTools, rotateKeys } from "../../cli/keys/rotation.ts";
import {
  keysAt,
  type RotationStep,
  rotationSteps,
  type ServerKeys,
  type StackKeys,
  type WorkerKeys,
} from "../../lib/stack/key-rotation.ts";

const old = { signingKey: "old", eventKey: "old-event" };
const fresh = { signingKey: "new", eventKey: "new-event" };
const steps = rotationSteps.slice(1).map((step) => keysAt(step, fresh, old));
const course = [keysAt("none", old, old), ...steps, keysAt("none", fresh, fresh)];

/** What the one refuses of the other. */
function refusals(server: ServerKeys, worker: WorkerKeys): string[] {
  const accepted = [worker.signingKey, worker.signingKeyFallback];
  return [
    ...(accepted.includes(server.signingKey) ? [] : ["signature"]),
    ...(server.eventKeys.includes(worker.eventKey) ? [] : ["event"]),
  ];
}

const changes = course.slice(1).map((to, index) => ({
  step: rotationSteps[index + 1] ?? "none",
  from: course[index] as StackKeys,
  to,
}));

describe.each(changes)("step $step", ({ from, to }) => {
  test("works with server and worker in either order", () => {
    expect(refusals(from.server, to.worker)).toEqual([]);
    expect(refusals(to.server, from.worker)).toEqual([]);
    expect(refusals(to.server, to.worker)).toEqual([]);
  });

  test("restarts at most one of them", () => {
    const changed = (["server", "worker"] as const).filter(
      (one) => JSON.stringify(from[one]) !== JSON.stringify(to[one]),
    );
    expect(changed.length).toBeLessThanOrEqual(1);
  });
});

test("leaving out a step gets calls and events refused", () => {
  const { server } = keysAt("none", fresh, fresh);
  expect(refusals(server, keysAt("none", old, old).worker)).toEqual(["signature", "event"]);
  expect(refusals(server, keysAt("accept", fresh, old).worker)).toEqual(["event"]);
});

test("the old keys are unknown at the end", () => {
  expect(JSON.stringify(keysAt("none", fresh, old))).not.toContain("old");
});

test("an event key that stays the same is given once", () => {
  const own = { ...fresh, eventKey: old.eventKey };
  expect(keysAt("switch", own, old).server.eventKeys).toEqual([old.eventKey]);
});

/** A settings file, a journal, and two stacks that use the keys. */
class World {
  setting: RotationState = { generation: 1, step: "none" };
  journal: { generation: number } | undefined;
  readonly stacks: RotationState[] = [this.setting, this.setting];
  /** What each stack has been brought up with. */
  readonly taken: string[][] = [[], []];

  /** Rotates until killed before effect number `killedAt`. @returns how many effects there were */
  async rotate(killedAt = Number.POSITIVE_INFINITY, until?: RotationStep): Promise<number> {
    let effects = 0;
    const effect = (act: () => void) => {
      if (++effects >= killedAt) throw new Error("killed");
      act();
    };
    const tools: RotationTools = {
      journal: {
        read: () => this.journal,
        write: (entry) => effect(() => Object.assign(this, { journal: entry })),
        remove: () => effect(() => Object.assign(this, { journal: undefined })),
      },
      configure: async (state) => effect(() => Object.assign(this, { setting: state })),
      apply: async () => {
        for (const index of this.stacks.keys()) effect(() => this.#up(index));
      },
    };
    await rotateKeys(tools, this.setting, (step) => step === until).catch((error: Error) => {
      expect(error.message).toBe("killed");
    });
    return effects;
  }

  #up(index: number): void {
    this.stacks[index] = this.setting;
    const { generation, step } = this.setting;
    const state = `${generation} ${step}`;
    if (this.taken[index]?.at(-1) !== state) this.taken[index]?.push(state);
  }
}

const whole = ["2 accept", "2 switch", "2 retire", "2 none"];

describe("a rotation", () => {
  test("takes every stack through each step, and leaves no journal", async () => {
    const world = new World();
    await world.rotate();
    expect(world.taken).toEqual([whole, whole]);
    expect(world.journal).toBeUndefined();
  });

  test("killed before anything that it does, twice, continues to the same end", async () => {
    const effects = await new World().rotate();
    for (let first = 2; first <= effects; first++) {
      for (let second = 1; second <= effects; second++) {
        const world = new World();
        await world.rotate(first);
        await world.rotate(second);
        // Both runs of the last one may have come to the end, after which another would begin the next rotation.
        if (world.setting.step !== "none" || world.journal) await world.rotate();
        expect(world.taken, `killed before ${first} and ${second}`).toEqual([whole, whole]);
        expect(world.stacks).toEqual([world.setting, world.setting]);
      }
    }
  });

  test("pauses after the given step, and continues there", async () => {
    const world = new World();
    await world.rotate(undefined, "switch");
    expect(world.setting).toEqual({ generation: 2, step: "switch" });
    await world.rotate();
    expect(world.taken).toEqual([whole, whole]);
  });

  test("starts the next generation after the end, whatever a journal of an older generation has", async () => {
    const world = new World();
    await world.rotate();
    world.journal = { generation: 1 };
    await world.rotate();
    expect(world.setting).toEqual({ generation: 3, step: "none" });
  });
});
