// Proves that the SDK has nothing left to say, by the standard output that it uses where there is no engine. That
// nothing of the program reaches the engine's debug log either is shown by the event log in
// tests/integration/leaks.test.ts.
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { expect, test, vi } from "vitest";
import { silenceDebugLog } from "../../components/debug-log.ts";

const settings = createRequire(import.meta.url)("@pulumi/pulumi/runtime/settings.js") as object;

class Thing extends pulumi.CustomResource {
  declare readonly token: pulumi.Output<string>;

  constructor(name: string) {
    super("test:index:Thing", name, { token: undefined });
  }
}

test("an answer of the engine, with a resource's outputs, is in no debug message", async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name }) => ({ id: name, state: { token: "hunter2" } }),
    call: () => ({}),
  });
  Object.assign(settings, { excessiveDebugOutput: true });
  const output = vi.spyOn(console, "log").mockImplementation(() => {});
  const saidOf = async (thing: Thing) => {
    await new Promise((resolve) => thing.token.apply(resolve));
    return output.mock.calls.splice(0).flat().join("\n");
  };
  expect(await saidOf(new Thing("before"))).toContain("hunter2");
  silenceDebugLog();
  expect(await saidOf(new Thing("after"))).toBe("");
  output.mockRestore();
});
