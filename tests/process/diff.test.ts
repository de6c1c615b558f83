// Proves that `npm run diff` shows planted changes and nothing else, from a clone and without engine, Docker or
// cluster. Does not prove that a provider replaces what the table says it does: that was read in the providers'
// sources.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Diff, ResourceChange } from "../../tools/diff/compare.ts";
import { repositoryOfThis } from "../support/repository.ts";

const scratch = mkdtempSync(join(tmpdir(), "diff-"));
const clone = join(scratch, "clone");
const git = (...args: string[]) => execFileSync("git", args, { cwd: clone, encoding: "utf8" });

beforeAll(() => {
  repositoryOfThis(clone);
  symlinkSync(resolve("node_modules"), join(clone, "node_modules"));
  writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
  // All of the machine that a diff may use; whoever calls another program finds none.
  mkdirSync(join(scratch, "bin"));
  for (const program of ["git", "npm"]) {
    const file = join(scratch, "bin", program);
    writeFileSync(file, `#!/bin/sh\nexec ${execFileSync("which", [program], { encoding: "utf8" }).trim()} "$@"\n`);
    chmodSync(file, 0o755);
  }
});

afterEach(() => git("checkout", "--quiet", "."));
afterAll(() => rmSync(scratch, { recursive: true }));

function diff(...args: string[]) {
  return execa(process.execPath, ["tools/commands/diff.ts", ...args], {
    cwd: clone,
    env: { PATH: join(scratch, "bin"), HOME: scratch },
    extendEnv: false,
    reject: false,
  });
}

function edit(file: string, change: (text: string) => string): void {
  const text = readFileSync(join(clone, file), "utf8");
  const changed = change(text);
  expect(changed, `${file} is as it was`).not.toBe(text);
  writeFileSync(join(clone, file), changed);
}

/** What happens to a resource, and at which properties. */
function told({ change, resource, properties }: ResourceChange): string {
  const whole = change === "added" || change === "removed";
  return `${change} ${resource}${whole ? "" : `: ${properties.map(({ path }) => path).join(" ")}`}`;
}

async function planted(): Promise<Record<string, { changes: string[]; losses: string[]; outputs: string[] }>> {
  const { stdout, stderr, exitCode } = await diff("--base", "HEAD", "--json");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  const { stacks } = JSON.parse(stdout) as Diff;
  return Object.fromEntries(
    stacks
      .filter(({ status }) => status !== "unchanged")
      .map(({ stack, resources, losses, outputs }) => [
        stack,
        {
          changes: resources.map(told),
          losses: losses.map(({ kind, resource }) => `${kind} ${resource}`),
          outputs: outputs.map(({ path }) => path),
        },
      ]),
  );
}

describe("npm run diff", () => {
  test("says of an unchanged folder that nothing changes, and leaves nothing behind", async () => {
    const { stdout, exitCode } = await diff("--base", "HEAD");
    expect(stdout).toMatch(/no changes in cluster, dev, experiment, kubernetes, persistent$/);
    expect(exitCode).toBe(0);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("a port, a volume's name, a key source and a tier, each in a stack of its own", async () => {
    edit("Pulumi.experiment.yaml", (text) => `${text}  inngest-local:port: 9288\n`);
    edit("Pulumi.persistent.yaml", (text) => `${text}  inngest-local:keysFrom: dev\n`);
    edit("Pulumi.dev.yaml", (text) => text.replace("tier: process", "tier: docker\n  inngest-local:durable: false"));
    edit("Pulumi.kubernetes.yaml", (text) => `${text}  inngest-local:serverImage: inngest/inngest:v9.9.9\n`);
    edit("components/kubernetes/queue.ts", (text) => text.replace('"queue-data"', '"queue-store"'));
    const found = await planted();
    expect(found).toMatchInlineSnapshot(`
      {
        "cluster": {
          "changes": [
            "replaced PersistentVolumeClaim queue-data: metadata.name",
            "changed StatefulSet queue-redis: spec.template.spec.volumes[data].persistentVolumeClaim.claimName",
          ],
          "losses": [
            "left PersistentVolumeClaim queue-data",
          ],
          "outputs": [],
        },
        "dev": {
          "changes": [
            "removed Command janitor-process",
            "removed Command queue-process",
            "removed Command server-process",
            "changed Command preflight-check: stdin.ports[1].setting stdin.ports[1].port stdin.ports[1].everyInterface stdin.ports[2].setting stdin.ports[2].port stdin.ports[2].everyInterface stdin.ports[3].setting stdin.ports[3].port stdin.ports[3].everyInterface stdin.ports[4].setting stdin.ports[4].port stdin.programs[0].kind stdin.programs[1].kind stdin.services[0] stdin.services[1] stdin.services[2] stdin.services[3] stdin.docker.images[0].setting stdin.docker.images[0].image stdin.docker.images[1].setting stdin.docker.images[1].image",
            "changed Command registration-sync: environment.SERVER environment.WORKER",
            "changed Command worker-process: environment.START_ID stdin.envFile.REDIS_URL.inDataDir stdin.envFile.REDIS_URL.scheme stdin.envFile.INNGEST_SERVE_ORIGIN stdin.envFile.HOST stdin.containers stdin.envFile.INNGEST_CONNECT_GATEWAY_URL stdin.envFile.HOST.listenOn[0] stdin.envFile.HOST.listenOn[1]",
            "added Command processes-update",
            "added Container gateway-caddy",
            "added Container server-config-writer",
            "added Container server-inngest",
            "added Network network",
            "added RandomPassword gateway-password",
            "added RemoteImage gateway-image",
            "added RemoteImage server-image",
            "added Volume server-config-volume",
            "added Volume server-drain",
            "added docker docker",
          ],
          "losses": [
            "left tier",
          ],
          "outputs": [
            "appEnvironment.INNGEST_SERVE_ORIGIN",
            "durability.kept",
            "durability.text",
            "stores.place.kind",
            "stores.queueUrl.inDataDir",
            "stores.queueUrl.scheme",
            "supervision.queue",
            "supervision.server",
            "supervision.janitor",
            "dashboardPassword",
            "stores.place.network",
            "stores.place.image",
          ],
        },
        "experiment": {
          "changes": [
            "replaced Container gateway-caddy: ports[8288].external",
            "changed Command preflight-check: stdin.ports[0].port",
            "changed Command processes-update: environment.CONTAINERS.inngest-experiment-gateway",
            "changed Command registration-sync: environment.WORKER stdin.apiUrl",
            "changed Command worker-process: environment.START_ID stdin.envFile.INNGEST_BASE_URL stdin.envFile.INNGEST_CONNECT_GATEWAY_URL",
          ],
          "losses": [],
          "outputs": [
            "apiUrl",
            "appEnvironment.INNGEST_BASE_URL",
            "dashboardUrl",
            "eventUrl",
          ],
        },
        "kubernetes": {
          "changes": [
            "replaced PersistentVolumeClaim queue-data: metadata.name",
            "changed Command registration-sync: environment.SERVER",
            "changed StatefulSet queue-redis: spec.template.spec.volumes[data].persistentVolumeClaim.claimName",
            "changed StatefulSet server-inngest: spec.template.spec.containers[inngest].image spec.template.spec.initContainers[prepare].image",
          ],
          "losses": [
            "left PersistentVolumeClaim queue-data",
          ],
          "outputs": [],
        },
        "persistent": {
          "changes": [
            "replaced Container janitor-files-writer: uploads[/app/request.json].content.alarmUrl",
            "replaced Container janitor-node: labels[inngest-local.secrets].value",
            "replaced Container server-config-writer: uploads[/run/secrets/inngest.json].content.signing-key uploads[/run/secrets/inngest.json].content.event-key[0]",
            "replaced Container server-inngest: labels[inngest-local.secrets].value",
            "removed RandomPassword keys-event",
            "removed RandomPassword keys-signing",
            "changed Command processes-update: environment.CONTAINERS.inngest-persistent-server environment.CONTAINERS.inngest-persistent-janitor",
            "changed Command registration-sync: environment.SERVER environment.WORKER stdin.signingKey",
            "changed Command worker-process: environment.START_ID stdin.envFile.INNGEST_SIGNING_KEY stdin.envFile.INNGEST_EVENT_KEY",
            "added StackReference keysFrom",
          ],
          "losses": [
            "keys RandomPassword keys-event",
            "keys RandomPassword keys-signing",
          ],
          "outputs": [
            "appEnvironment.INNGEST_SIGNING_KEY",
            "appEnvironment.INNGEST_EVENT_KEY",
            "eventKey",
            "signingKey",
          ],
        },
      }
    `);
  });

  test("what is lost comes first, secrets are named and not shown, in text and in Markdown", async () => {
    edit("lib/stack/docker-names.ts", (text) => text.replace(/data: `.*`/, "data: `inngest-$" + "{stack}-history`"));
    edit("Pulumi.persistent.yaml", (text) => `${text}  inngest-local:protectData: false\n`);
    const text = (await diff("--base", "HEAD")).stdout;
    expect(text.split("\n").slice(2, 6)).toMatchInlineSnapshot(`
      [
        "DATA STAYS BEHIND  persistent: Volume server-data is replaced (name): the new one is empty, and the data stays in the old one, inngest-persistent-data",
        "DATA NO LONGER KEPT  persistent: Volume queue-data is no longer kept: from then on \`pulumi destroy\` deletes it with everything in it",
        "REPLACED  persistent: Container janitor-node (volumes[/data].volumeName)",
        "REPLACED  persistent: Container server-data-owner (name, volumes[/data].volumeName)",
      ]
    `);
    const markdown = (await diff("--base", "HEAD", "--markdown")).stdout;
    expect(markdown.replace(/HEAD [0-9a-f]{9}/, "HEAD").split("\n|---")[0]).toMatchInlineSnapshot(`
      "### What each stack would change

      \`HEAD\` → \`this folder\`

      > [!CAUTION]
      > DATA STAYS BEHIND  persistent: Volume server-data is replaced (name): the new one is empty, and the data stays in the old one, inngest-persistent-data  
      > DATA NO LONGER KEPT  persistent: Volume queue-data is no longer kept: from then on \\\`pulumi destroy\\\` deletes it with everything in it  
      > REPLACED  persistent: Container janitor-node (volumes[/data].volumeName)  
      > REPLACED  persistent: Container server-data-owner (name, volumes[/data].volumeName)  
      > REPLACED  persistent: Container server-inngest (volumes[/data].volumeName)  
      > REPLACED  persistent: Volume server-data (name)  

      | stack | tier | changes |"
    `);
    expect(`${text}${markdown}`).not.toMatch(/[0-9a-f]{40}/);
  });

  test("settings that are refused at the head are a finding", async () => {
    edit("Pulumi.dev.yaml", (text) => `${text}  inngest-local:port: 0\n`);
    const { stdout, exitCode } = await diff("--base", "HEAD");
    expect(stdout).toContain("CANNOT BE PLANNED  dev: the settings of stack dev are wrong:");
    expect(stdout).toContain("`port` must be a whole number from 1 to 65532");
    expect(exitCode).toBe(1);
  });

  test("a base with other dependencies gets its own, or says that it cannot", async () => {
    const npm = join(scratch, "bin", "npm");
    const npmDoes = (script: string) => writeFileSync(npm, `#!/bin/sh\n${script}\n`);
    edit("package-lock.json", (text) => `${text}\n`);
    npmDoes(`[ "$1" = ci ] && /bin/ln -s ${resolve("node_modules")} node_modules`);
    expect((await diff("--base", "HEAD")).stdout).toContain("no changes in");
    npmDoes("echo 'npm error network is unreachable' >&2; exit 1");
    const { stderr, exitCode } = await diff("--base", "HEAD");
    expect(stderr).toBe(
      "the base has other dependencies, and npm could not install them: npm error network is unreachable. " +
        "Remedy: connect to the network, or name a base with this package-lock.json (--base)",
    );
    expect(exitCode).toBe(1);
  });

  test("a base that is not there is wrong usage", async () => {
    const { stderr, exitCode } = await diff("--base", "no-such-branch");
    expect(stderr).toBe(
      '--base must name a revision that is here, got "no-such-branch". Remedy: git fetch, or one of `git branch --all`',
    );
    expect(exitCode).toBe(2);
  });

  test("without a main branch a base must be given", async () => {
    git("branch", "--quiet", "--move", "mine");
    const { stderr, exitCode } = await diff();
    expect(stderr).toBe("there is no main branch here to compare with. Remedy: git fetch origin main, or --base REF");
    expect(exitCode).toBe(2);
    git("branch", "--quiet", "main");
    expect((await diff()).stdout).toContain("no changes in");
  });

  test("--json and --markdown exclude each other", async () => {
    const { stderr, exitCode } = await diff("--json", "--markdown");
    expect(stderr).toBe("--json and --markdown exclude each other. Remedy: leave one out");
    expect(exitCode).toBe(2);
  });
});
