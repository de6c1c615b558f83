// Proves, by the real engine, that `pulumi new` makes a project that can be planned, and what plain `pulumi` says on an old
// Node. Does not prove that the CLI clones the repository's address, which needs its host.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pulumi } from "../../cli/lib/pulumi-cli.ts";
import { nodePackage } from "../../lib/node.mjs";
import { missing, title } from "../../tools/engine.ts";
import { passphrase } from "../../tools/test-stack.ts";
import { bring, noRegistry } from "../support/npm-machine.ts";
import { repositoryOfThis } from "../support/repository.ts";

const reason = (await missing("pulumi")) ?? noRegistry();

describe.skipIf(reason)(title("a project by pulumi new", reason), () => {
  let folder: string;
  let project: string;
  const environment = () => ({
    ...process.env,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
  });

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "ways-in-")));
    project = join(folder, "mine");
    mkdirSync(project);
    repositoryOfThis(join(folder, "template"));
    rmSync(join(folder, "template", ".git"), { recursive: true });
    const pulumi = await Pulumi.find(environment());
    const args = ["new", join(folder, "template"), "--yes", "--offline", "--generate-only", "--cwd", project];
    const { exitCode, output } = await pulumi.capture(args);
    expect(output).toContain("npm start brings the stack up");
    expect(exitCode).toBe(0);
    symlinkSync(resolve("node_modules"), join(project, "node_modules"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const preview = async (PATH: string) => {
    const pulumi = await Pulumi.find({ ...environment(), PATH });
    await pulumi.capture(["stack", "init", "dev", "--cwd", project]);
    return await pulumi.capture(["preview", "--non-interactive", "--stack", "dev", "--cwd", project]);
  };

  test("has the repository's files and its name, and can be planned", async () => {
    expect(readFileSync(join(project, "Pulumi.yaml"), "utf8")).toMatch(/^name: inngest-local$/m);
    const { exitCode, output } = await preview(process.env.PATH ?? "");
    expect(output).toMatch(/registration +create/);
    expect(exitCode).toBe(0);
  });

  test("says on Node 20 which one is needed", async () => {
    const { exitCode, output } = await preview([bring(`${nodePackage()}@20`), process.env.PATH].join(delimiter));
    expect(output).toMatch(
      /Node 20\.\S+ is too old for this program, which needs 22\.18\. Remedy: npm start, which brings a newer one, or install Node 24 \(https:\/\/nodejs\.org\)\n/,
    );
    expect(output).not.toContain("Unknown file extension");
    expect(exitCode).not.toBe(0);
  });
});
