import { InngestApi, type Run, type RunFilter, type Step } from "../../lib/inngest/api.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { FakeStack, fakePlace } from "./live-stack.ts";

/** What the server does with runs whose parts are killed. */
export interface Behaviour {
  /** Status of every probe's run. */
  status: string;
  /** How often each step was executed. */
  marks: Record<string, number>;
  /** Ids of the history, before and after; it is asked for once each. */
  history: string[][];
  /** Functions with a run in flight. */
  inFlight: string[];
  /** Whether the queue has something of a run that is not at its end. */
  isQueued: () => boolean;
}

export const goodBehaviour: Behaviour = {
  status: "COMPLETED",
  marks: { first: 1, hold: 2, last: 1, chained: 1 },
  history: [["1"], ["2", "1"]],
  inFlight: [],
  isQueued: () => true,
};

/** A server with such a behaviour. */
class FakeApi extends InngestApi {
  readonly #behaviour: Behaviour;
  readonly #probes: string[] = [];
  #looks = 0;

  constructor(changes: Partial<Behaviour>) {
    super("http://127.0.0.1:1", "key");
    this.#behaviour = { ...goodBehaviour, ...changes };
  }

  override async isHealthy(): Promise<boolean> {
    return true;
  }

  override async send(_: string, { data }: { data: Record<string, unknown> }): Promise<string> {
    return String(this.#probes.push(String(data.probe)) - 1);
  }

  override async runsOf(event: string): Promise<Run[]> {
    return [run(`run-${event}`, this.#behaviour.status, "verify-probe")];
  }

  override async isQueued(): Promise<boolean> {
    return this.#behaviour.isQueued();
  }

  override async steps(): Promise<Step[]> {
    return [{ id: "step", name: "first", status: "COMPLETED", ms: 1 }];
  }

  override async runs(_: number, filter: RunFilter = {}): Promise<Run[]> {
    const { marks, inFlight, history } = this.#behaviour;
    if (filter.of) return this.#probes.map((probe) => ({ ...run("r", "COMPLETED"), output: { probe, marks } }));
    if (filter.status) return inFlight.map((id) => run("r", "RUNNING", id));
    return (history[Math.min(this.#looks++, history.length - 1)] ?? []).map((id) => run(id, "COMPLETED"));
  }
}

function run(id: string, status: string, functionId = "any"): Run {
  return { id, status, queuedAt: "then", function: { id: functionId } };
}

/** A stack whose server behaves so; what was done to which part is noted in `calls`, such as `kill worker`. */
export function stackThat(
  calls: string[],
  changes: Partial<Behaviour> = {},
  values: Record<string, string> = { tier: "docker", workerPlacement: "container" },
  encrypted: string[] = [],
  outputs: Partial<Outputs> = {},
): FakeStack {
  const recorded = (verb: string) => async (part: Part) => void calls.push(`${verb} ${part.name}`);
  const place = fakePlace({
    kill: recorded("kill"),
    remove: recorded("remove"),
    start: async ({ name }) => calls.push(`start ${name}`) > 0,
  });
  return new FakeStack({
    values,
    encrypted,
    outputs,
    places: { host: place, docker: place, kubernetes: place },
    reached: { api: new FakeApi(changes) },
  });
}
