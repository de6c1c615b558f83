// Proves the lines that a person sees of `pulumi up` and `destroy`, from the engine's events, on a terminal and without
// one. Does not prove that a real engine sends such events: tests/integration/commands.test.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EngineEvent, Operation } from "../../cli/lib/progress/events.ts";
import { StepLines } from "../../cli/lib/progress/step-lines.ts";
import { stepOf } from "../../cli/lib/progress/steps.ts";
import { asStream, Kept } from "../support/kept-stream.ts";
import { planStack, tree } from "../support/plan.ts";

const types = {
  command: "command:local:Command",
  container: "docker:index/container:Container",
  volume: "docker:index/volume:Volume",
  image: "docker:index/remoteImage:RemoteImage",
  password: "random:index/randomPassword:RandomPassword",
  network: "docker:index/network:Network",
};
const urn = (name: string, type: keyof typeof types) =>
  `urn:pulumi:dev::inngest-local::inngest-local:index:Any$${types[type]}::${name}`;

interface Changed {
  op?: string;
  inputs?: Record<string, unknown>;
  retainOnDelete?: boolean;
}

function operation(
  name: string,
  type: keyof typeof types,
  { op = "create", inputs = {}, ...more }: Changed,
): Operation {
  const state = { inputs, ...more };
  return { op, urn: urn(name, type), type: types[type], old: op === "create" ? null : state, new: state };
}

let stream: Kept;
let progress: StepLines;
beforeEach(() => {
  vi.stubEnv("NO_COLOR", "1");
  vi.useFakeTimers();
  stream = new Kept();
  progress = new StepLines("dev", asStream(stream));
});
afterEach(() => {
  progress.end(true, "");
  vi.useRealTimers();
});

/** What is written of an operation that takes `seconds`. */
function shown(name: string, type: keyof typeof types, changed: Changed = {}, seconds = 1.2): string {
  const metadata = operation(name, type, changed);
  progress.see({ resourcePreEvent: { metadata } });
  vi.advanceTimersByTime(seconds * 1000);
  stream.text = "";
  progress.see({ resOutputsEvent: { metadata } });
  return stream.text;
}

describe("a step is one line with its time", () => {
  test.each<[string, keyof typeof types, Changed, string]>([
    ["preflight-check", "command", {}, "✓  machine        checked          1.2 s\n"],
    ["server-process", "command", {}, "✓  server         started          1.2 s\n"],
    ["server-process", "command", { op: "update" }, "✓  server         updated          1.2 s\n"],
    ["server-process", "command", { op: "delete" }, "✓  server         stopped          1.2 s\n"],
    ["queue-redis", "container", {}, "✓  queue          started          1.2 s\n"],
    ["queue-redis", "container", { op: "create-replacement" }, "✓  queue          replaced         1.2 s\n"],
    ["queue-image", "image", {}, "✓  queue          image ready      1.2 s\n"],
    ["keys-signing", "password", {}, "✓  keys           generated        1.2 s\n"],
    ["registration-sync", "command", {}, "✓  functions      registered       1.2 s\n"],
    ["registration-sync", "command", { op: "update" }, "✓  functions      registered       1.2 s\n"],
  ])("%s %s %j", (name, type, changed, line) => {
    expect(shown(name, type, changed)).toBe(line);
  });

  test("and only one, whatever it consists of", () => {
    shown("keys-signing", "password");
    expect(shown("keys-event", "password")).toBe("");
  });

  test("with a warning where data or keys are lost", () => {
    const inputs = { name: "inngest-dev-data" };
    expect(shown("server-data", "volume", { op: "delete", inputs })).toContain(
      "!  server         DATA DELETED (inngest-dev-data)",
    );
    expect(shown("worker-data", "volume", { op: "delete-replaced", inputs })).toContain(
      "!  worker         DATA DELETED",
    );
    expect(shown("queue-data", "volume", { op: "delete", inputs, retainOnDelete: true })).toContain(
      "✓  queue          its data stays (inngest-dev-data)",
    );
    expect(shown("keys-signing", "password", { op: "create-replacement" })).toContain(
      "!  keys           KEYS REPLACED",
    );
  });

  test.each<[string, keyof typeof types, Changed]>([
    ["network", "network", {}],
    ["queue-data", "volume", {}],
    ["queue-password", "password", {}],
    ["queue-data-owner", "container", { inputs: { mustRun: false } }],
    ["registration-sync", "command", { op: "delete" }],
    ["server-process", "command", { op: "same" }],
    ["server-process", "command", { op: "refresh" }],
  ])("and none for what only prepares, or stays: %s %s %j", (name, type, changed) => {
    expect(shown(name, type, changed)).toBe("");
  });
});

test("resources are named after their component, on every stack", async () => {
  vi.useRealTimers();
  for (const stack of ["dev", "persistent", "kubernetes", "cluster"]) {
    const { resources } = await planStack(stack, { kubeContext: "here", workerImage: "w:1" });
    let step = "";
    for (const line of tree(resources)) {
      const [, name = ""] = line.trim().split(" ");
      if (!line.startsWith(" ")) step = stepOf(name);
      expect(stepOf(name), `${stack}: ${line}`).toBe(step);
    }
  }
});

test("the end is one line", () => {
  const ends = (resourceChanges: Record<string, number>) => {
    const ended = new StepLines("dev", asStream(stream));
    ended.see({ summaryEvent: { resourceChanges } });
    vi.advanceTimersByTime(1900);
    stream.text = "";
    ended.end(true, "");
    return stream.text;
  };
  expect(ends({ same: 19 })).toBe("Stack dev: nothing to change (1.9 s).\n");
  expect(ends({ create: 17, update: 1, replace: 2, delete: 3, same: 1 })).toBe(
    "Stack dev: 17 created, 1 updated, 2 replaced, 3 deleted (1.9 s).\n",
  );
});

test("a failure is named as it comes, and ends with its reasons", () => {
  const metadata = operation("server-process", "command", {});
  const events: EngineEvent[] = [
    { resourcePreEvent: { metadata } },
    { diagnosticEvent: { severity: "debug", message: "RegisterResource RPC prepared" } },
    { diagnosticEvent: { severity: "warning", message: "a key is old\n", urn: urn("keys-event", "password") } },
    { diagnosticEvent: { severity: "error", message: "no program\n", urn: urn("server-process", "command") } },
    { resOpFailedEvent: { metadata } },
    { diagnosticEvent: { severity: "error", message: "settings are wrong\n" } },
  ];
  for (const event of events) progress.see(event);
  progress.end(false, "error: the state is locked\n");
  expect(stream.text).toBe(
    "!  keys           a key is old\n" +
      "✗  server         failed           0.0 s\n" +
      "server: no program\n\nerror: the state is locked\n",
  );
  expect(progress.failed).toEqual(["server"]);
});

test("a failure of the program ends with its words", () => {
  progress.see({ diagnosticEvent: { severity: "error", message: "settings are wrong\n" } });
  progress.end(false, "");
  expect(stream.text).toBe("settings are wrong\n");
});

test("a terminal shows what is being done", () => {
  stream = new Kept(80);
  const last = () => stream.text.split("\r\x1b[2K").at(-1);
  progress = new StepLines("dev", asStream(stream));
  vi.advanceTimersByTime(1000);
  expect(last()).toBe("   look at what is there (1 s)");
  progress.see({ progressEvent: { message: "Downloading plugin", received: 1, total: 3 } });
  vi.advanceTimersByTime(1000);
  expect(last()).toBe("   Downloading plugin (33 %) (2 s)");
  for (const [name, type] of [
    ["queue-redis", "container"],
    ["server-process", "command"],
  ] as const) {
    progress.see({ resourcePreEvent: { metadata: operation(name, type, {}) } });
  }
  vi.advanceTimersByTime(1000);
  expect(last()).toBe("   queue, server (3 s)");
});
