// The whole way of a person whose machine has git, Node, npm and a Redis: an empty home, npm 12 that runs no install
// script, Pulumi's CLI and the server from a vendor on loopback, `npm start`, `npm run demo`. Does not prove: the vendors'
// own addresses, and Pulumi's plugins, which are the machine's.
import { appendFileSync, mkdirSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";
import { freePorts } from "../../tools/ports.ts";
import { NpmMachine, noRegistry } from "../support/npm-machine.ts";
import { publishEngines, Vendor } from "../support/vendor.ts";

const reason = noRegistry() ?? (await missing("pulumi", "inngest", "redis"));

describe.skipIf(reason)(title("the first minutes", reason), () => {
  let vendor: Vendor;
  let machine: NpmMachine;

  beforeAll(async () => {
    vendor = await Vendor.start();
    await publishEngines(vendor);
    machine = new NpmMachine("24", "12", { npm_config_ignore_scripts: "true" });
    const { checkout, home, environment } = machine;
    const pulumiHome = join(home, ".pulumi");
    mkdirSync(pulumiHome);
    symlinkSync(join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins"), join(pulumiHome, "plugins"));
    const checksums = pathToFileURL(join(checkout, "tests/support/engine-checksums.mjs"));
    Object.assign(environment, { INNGEST_LOCAL_MIRROR: vendor.address, NODE_OPTIONS: `--import=${checksums.href}` });
    const port = await freePorts();
    const ports = `  inngest-local:port: "${port + 1}"\n  inngest-local:workerPort: "${port}"\n`;
    appendFileSync(join(checkout, "Pulumi.dev.yaml"), ports);
  });
  afterAll(async () => {
    await machine?.run("npm", "run", "destroy", "--", "--stack", "dev", "--yes", "--delete-data");
    machine?.remove();
    vendor?.stop();
  });

  test("npm start fetches what is missing and ends with a completed function and the way to the demo", async () => {
    const { exitCode, stdout, stderr } = await machine.run("npm", "start");
    expect(stderr).toContain("checked against the vendor's list");
    expect(stdout).toMatch(/^Function process-task completed in \d+ ms/m);
    expect(stdout).toMatch(/^Durability {2}history and runs in flight are kept/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("Demo        npm run demo");
    expect(exitCode).toBe(0);
  });

  test("npm run demo kills everything under a run, which finishes with every other step executed once", async () => {
    const { exitCode, stdout } = await machine.run("npm", "run", "demo");
    expect(stdout).toMatch(/^✓ {2}kill +queue .*, server .*, worker .*: killed, and back after \d+ s$/m);
    expect(stdout).toMatch(/^✓ {2}finish .*every other step once$/m);
    expect(exitCode).toBe(0);
  });
});
