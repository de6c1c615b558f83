// Proves that the program loads the provider SDKs of its tier alone, against mocks of the engine. What that saves is
// measured by the benchmarks.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test.each([
  ["dev", ["command", "pulumi", "random"]],
  ["experiment", ["command", "docker", "pulumi", "random"]],
  ["persistent", ["command", "docker", "pulumi", "random"]],
])("%s loads the SDKs %j and no other", (stack, expected) => {
  // A process of its own: what this one has loaded says nothing.
  const settings = { "inngest-local:tier": stack === "dev" ? "process" : "docker" };
  const program = `
    import { createRequire } from "node:module";
    import * as pulumi from "@pulumi/pulumi";
    await pulumi.runtime.setMocks({
      newResource: ({ name, inputs }) => ({ id: name, state: { stdout: "{}", ...inputs } }),
      call: ({ inputs }) => ({ stdout: "{}", ...inputs }),
    }, "inngest-local", ${JSON.stringify(stack)}, false);
    pulumi.runtime.setAllConfig(${JSON.stringify(settings)});
    await import("./index.ts");
    await pulumi.runtime.disconnect();
    const loaded = Object.keys(createRequire(import.meta.url).cache).map((file) => file.split("node_modules/").at(-1));
    const names = loaded.flatMap((file) => /^@pulumi\\/([^/]+)/.exec(file)?.slice(1) ?? []);
    console.log(JSON.stringify([...new Set(names)].sort()));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual(expected);
});
