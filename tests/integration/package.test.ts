// Proves that the packed project installs in an empty folder and that another program can use its components: types,
// plan and a preview by the real engine. Does not prove that the example's containers come up; docker-tier.test.ts does
// so for ours.
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";

const reason = await missing("pulumi");

describe.skipIf(reason)(title("the package", reason), () => {
  test("is packed, installed, and used by examples/pulumi-program", async () => {
    const { all, exitCode } = await execa(".github/scripts/pack.sh", [], {
      env: { PREVIEW: "1", npm_config_engine_strict: "false" },
      reject: false,
      all: true,
    });
    expect(all).toContain("pass 3");
    expect(all).toMatch(/\+ +inngest-local:index:DockerServer +server +create/);
    expect(all).toMatch(/\+ +inngest-local:index:DockerWorker +worker +create/);
    expect(all).not.toMatch(/[0-9a-f]{48}/);
    expect(exitCode).toBe(0);
  });
});
