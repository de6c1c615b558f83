// The policy pack through the real CLI: on a program with every trap, on its sound counterpart, on one whose trap only
// `up` can see, and on this project's own stacks. A preview changes nothing and needs no cluster; the Docker provider
// wants an engine all the same. What breaks and keeps each rule is in policy/tests, and the own stacks with every value
// known in tests/unit/policy.test.ts. Does not prove that the pack runs on other versions of the CLI.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { rules } from "../../policy/rules/index.ts";
import { missing, title } from "../../tools/engine.ts";
import { TestStack } from "../../tools/test-stack.ts";
import { Program, policyFlags, violationsIn } from "../support/policy.ts";

const reason = await missing("pulumi");
const noEngine = await missing("pulumi", "docker");

let program: Program | undefined;
let stack: TestStack | undefined;
afterEach(async () => {
  program?.remove();
  program = undefined;
  await stack?.remove();
  stack = undefined;
});

/** What a stack of this project must give: nothing. */
async function findsNothing(name: string): Promise<void> {
  stack = await TestStack.create(name);
  if (name === "kubernetes" || name === "cluster") useClusterThatIsNotThere(stack);
  const judged = await stack.preview(...policyFlags());
  expect(judged.output).toMatch(/✅ inngest-local@/);
  expect(violationsIn(judged)).toEqual([]);
  expect(judged.exitCode).toBe(0);
}

describe.skipIf(reason)(title("policy pack", reason), () => {
  test("stops `up` before it makes what no preview could judge, and prints no key", async () => {
    program = await Program.create("late.ts");
    expect(violationsIn(await program.judged("preview"))).toEqual([]);
    const judged = await program.judged("up");
    expect(judged.exitCode).not.toBe(0);
    expect(violationsIn(judged)).toEqual([{ level: "mandatory", rule: "bare-signing-key", resource: "server" }]);
    expect(existsSync(join(program.home, "inngest.json"))).toBe(false);
    expect(judged.output).not.toMatch(/[0-9a-f]{64}/);
  });

  test.each(["dev", "kubernetes", "cluster"])("finds nothing in %s", findsNothing);
});

describe.skipIf(noEngine)(title("policy pack on Docker", noEngine), () => {
  test("finds every trap of somebody's program, each by its rule alone, and stops", async () => {
    program = await Program.create("trapped.ts");
    const judged = await program.judged("preview");
    expect(judged.exitCode).not.toBe(0);
    // Every resource of that program is called like the rule that it breaks.
    const expected = rules.map(({ name, level }) => ({ level, rule: name, resource: name }));
    const byRule = (one: { rule: string }, other: { rule: string }) => (one.rule < other.rule ? -1 : 1);
    expect(violationsIn(judged).sort(byRule)).toEqual(expected.sort(byRule));
    expect(judged.output).toContain("metadata.name is inngest. Remedy: choose another name, such as inngest-svc");
    expect(judged.output).not.toContain("0123456789abcdef");
  });

  test("warns where it is told to warn, and leaves out what it is told to leave out", async () => {
    program = await Program.create("trapped.ts");
    const judged = await program.judged("preview", {
      all: "advisory",
      "service-name": "disabled",
      "node-port-range": { lowest: 8000 },
      "loopback-ports": { allow: [8288] },
    });
    expect(judged.exitCode).toBe(0);
    const violations = violationsIn(judged);
    expect(violations.map(({ level }) => level)).toEqual(Array(rules.length - 3).fill("advisory"));
    for (const rule of ["service-name", "node-port-range", "loopback-ports"]) {
      expect(violations.map(({ rule }) => rule)).not.toContain(rule);
    }
  });

  test("finds nothing in the same program made right", async () => {
    program = await Program.create("sound.ts");
    const judged = await program.judged("preview");
    expect(judged.output).toMatch(/✅ inngest-local@/);
    expect(violationsIn(judged)).toEqual([]);
    expect(judged.exitCode).toBe(0);
  });

  test.each(["experiment", "persistent"])("finds nothing in %s", findsNothing);

  test("warns of a stack whose volumes go with it", async () => {
    stack = await TestStack.create("persistent", { protectData: "false" });
    const judged = await stack.preview(...policyFlags());
    expect(violationsIn(judged)).toEqual(
      ["queue-data", "server-data"].map((resource) => ({ level: "advisory", rule: "protected-data", resource })),
    );
    expect(judged.exitCode).toBe(0);
  });
});

/** A preview needs a kubeconfig, and takes it that nothing answers at its address. */
function useClusterThatIsNotThere(stack: TestStack): void {
  const kubeconfig = join(stack.home, "kubeconfig");
  const clusters = [{ name: "test", cluster: { server: "http://127.0.0.1:1" } }];
  const contexts = [{ name: "test", context: { cluster: "test", user: "test" } }];
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: "v1", kind: "Config", clusters, contexts, users: [] }));
  stack.set("kubeContext", "test");
  stack.set("kubeconfig", kubeconfig);
  stack.set("workerImage", "registry.example/worker:1");
}
