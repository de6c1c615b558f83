// The machine's real Pulumi CLI and server, packed as their vendors pack them, from a vendor on loopback into an empty
// home. Does not prove that the vendors' addresses and lists are as the lock file says.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EngineName, releaseOf } from "../../lib/engines/release.ts";
import { missing, title } from "../../tools/engine.ts";
import { publishEngines, Vendor } from "../support/vendor.ts";

const reason = await missing("pulumi", "inngest");

describe.skipIf(reason)(title("fetched engines", reason), () => {
  const home = mkdtempSync(join(tmpdir(), "engines-"));
  const env: NodeJS.ProcessEnv = {
    HOME: home,
    PATH: "/usr/bin:/bin",
    NODE_OPTIONS: `--import ${resolve("tests/support/engine-checksums.mjs")}`,
    PULUMI_CONFIG_PASSPHRASE: "engines",
  };
  let versions: Record<EngineName, string>;
  let vendor: Vendor;

  const program = (file: string, args: string[], cwd = ".") =>
    execa(file, args, { env, extendEnv: false, cwd, all: true, reject: false });
  const fetched = async (name: EngineName) => {
    const result = await program(process.execPath, ["cli/engines.ts", "fetch", name, versions[name]]);
    expect(result.all).toContain("checked against the vendor's list");
    expect(result.exitCode).toBe(0);
    return result.stdout;
  };

  beforeAll(async () => {
    vendor = await Vendor.start();
    env.INNGEST_LOCAL_MIRROR = vendor.address;
    versions = await publishEngines(vendor);
  });
  afterAll(() => {
    vendor.stop();
    rmSync(home, { recursive: true });
  });

  test("the server runs, although its download is cut off at every tenth", async () => {
    const { version, file } = releaseOf("inngest", versions.inngest);
    const archive = vendor.files.get(`/inngest/${version}/${file}`) as Buffer;
    vendor.cutAfter = Math.ceil(archive.length / 10);
    const binary = await fetched("inngest");
    expect(vendor.requests.length).toBeGreaterThan(10);
    vendor.cutAfter = undefined;
    expect(binary.startsWith(home)).toBe(true);
    expect((await program(binary, ["version"])).stdout).toContain(version);
  });

  test("Pulumi's CLI runs a program on Node with the host that came with it", async () => {
    const cli = await fetched("pulumi");
    const folder = join(home, "program");
    mkdirSync(join(home, "state"));
    mkdirSync(folder);
    writeFileSync(join(folder, "Pulumi.yaml"), "name: engines\nruntime: nodejs\nmain: index.mjs\n");
    writeFileSync(join(folder, "index.mjs"), 'export const answer = "from Node";\n');
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    Object.assign(env, {
      PULUMI_BACKEND_URL: `file://${join(home, "state")}`,
      PATH: `${dirname(cli)}:${dirname(process.execPath)}:/usr/bin:/bin`,
    });
    const pulumi = (...args: string[]) => program(cli, [...args, "--non-interactive", "--stack", "test"], folder);
    await program(cli, ["stack", "init", "test", "--non-interactive"], folder);
    expect((await pulumi("up", "--yes", "--skip-preview")).all).toContain('answer: "from Node"');
  });
});
