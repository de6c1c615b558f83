// Every command that the pages name is executed: here, as they are typed in a clean clone, or by the test that the list
// `elsewhere` names. Does not prove what they print beyond that they succeed: each has its own test for that.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pages } from "../../tools/docs/pages.ts";
import { missing, title } from "../../tools/engine.ts";
import { ownCommands, shellCommands } from "../support/documents.ts";
import { Newcomer } from "../support/newcomer.ts";

/** In the order in which a person may type them. */
const onProcesses = [
  "npm start -- --verbose",
  "npm run pulumi -- stack output --show-secrets --stack dev",
  "npm run pulumi -- stack output --stack dev",
  "npm run pulumi -- stack output supervision --stack dev",
  "npm run status -- --stack dev",
  "npm run logs -- worker --stack dev",
  "npm run logs -- --stack dev -f",
  "npm run -s pulumi -- stack output eventKey --show-secrets --stack dev",
  "npm run pulumi -- config set port 9288 --stack dev",
  "npm run pulumi -- up --stack dev",
  "npm run doctor -- --stack dev",
];
const onDocker = [
  "npm start -- --stack persistent",
  "npm run doctor -- --stack persistent",
  "npm run status -- --stack persistent",
  "npm run verify -- --stack persistent",
  "npm run open -- --stack persistent",
  "npm run logs -- worker --stack persistent",
  "npm run logs -- server -f --stack persistent",
  "npm run -s pulumi -- stack output dashboardPassword --show-secrets --stack persistent > dashboard-password",
  "npm run logs -- janitor --stack persistent",
  "npm run pulumi -- preview --diff --stack persistent",
  "npm ci --prefix policy",
  "npm run pulumi -- preview --policy-pack policy --stack persistent",
  "npm run retention -- --stack persistent",
  "npm run retention -- --stack persistent --now",
  "npm run retention -- --stack persistent --end-orphaned",
  "npm run backup -- --stack persistent",
  "npm run backup -- --stack persistent --to /mnt/nas --keep 14",
  "npm run backup -- --stack persistent --schedule 24h --keep 14",
  "npm run logs -- backup --stack persistent",
  "npm run backup -- --stack persistent --schedule off",
  "npm run restore -- FILE --stack persistent",
  "npm run keys -- rotate --stack persistent",
  "npm run pulumi -- config set workerPlacement container --stack persistent",
  "npm run destroy -- --stack persistent",
  "npm run destroy -- --stack persistent --delete-data",
  "npm start -- --stack experiment",
];

/** What is not typed here, and where it is. */
const elsewhere: [RegExp, string][] = [
  [/^npm start$/, "commands.test.ts"],
  [/^npm run (diff|graph|docs)( -- --(base v0\.1\.0|json|markdown))?$/, "commands.test.ts"],
  [/^npm run send -- project\/changed '/, "commands.test.ts"],
  [/^npm run (verify|logs) -- --stack dev$/, "commands.test.ts"],
  [/^npm run destroy -- --stack dev --yes$/, "commands.test.ts"],
  [/^npm run open -- --print$/, "commands.test.ts"],
  [/^npm run demo -- --stack dev$/, "commands.test.ts"],
  [/^npm start -- (--stack dev )?--take-over$/, "take-over.test.ts"],
  [/^npm run engines -- fetch( inngest 1\.44\.0)?$/, "engines.test.ts"],
  [/^npm run engines -- lock$/, "../process/engines.test.ts"],
  [/^npm run verify -- --stack dev --disruptive$/, "process-queue.test.ts"],
  [/^npm run verify -- --stack persistent --disruptive$/, "verify-docker.test.ts"],
  [/^npm run upgrade -- --to 1\.44\.0 --stack persistent$/, "upgrade.test.ts"],
  [/^npm run move -- --from dev --to persistent$/, "move.test.ts"],
  [/^npm run pulumi -- config set --secret redisUrl \S+ --stack dev$/, "key-rotation.test.ts"],
  [/ --stack kubernetes$/, "../cluster/kubernetes-tier.test.ts"],
  [/ --stack cluster$/, "../cluster/cluster-tier.test.ts"],
  // Each takes minutes and measures.
  [/^npm run bench -- /, "../unit/bench.test.ts"],
  [/^npm run cluster -- up$/, "../cluster/rendered.test.ts"],
  // The check itself, and what it calls.
  [/^npm (test|run unit|run format)$/, "../../.ci/run"],
];

/** Forms and names of commands in sentences, not lines to type. */
const forms = /\b(STACK|S|KEY|ARGUMENTS|VERSION)\b|^npm run [\w-]+$|^npm run keys -- rotate$|^npm run logs -- \[/;

const reason = await missing("pulumi", "inngest", "docker");

describe.skipIf(reason)(title("the commands of the pages", reason), () => {
  const newcomer = new Newcomer();
  const backups = join(newcomer.home, "nas");
  const typed = async (command: string) => {
    // What a person answers on the terminal, where the disk of the page is, and the file that they see.
    const line = command
      .replace(/ (destroy|up) .*$/, "$& --yes")
      .replace("/mnt/nas", backups)
      .replace(/\bFILE\b/, () => join(backups, readdirSync(backups).at(-1) as string))
      .replace(/^npm run logs .* -f\b.*$/, "timeout 5 $&");
    const { exitCode, all } = await newcomer.types(line, line.includes(">") ? "monitoring" : "");
    // That of `timeout` says that it went on to the end.
    expect(exitCode, `${command}\n${all}`).toBe(line.startsWith("timeout") ? 124 : 0);
    return all as string;
  };

  beforeAll(() => {
    newcomer.clone();
    mkdirSync(backups);
  });
  afterAll(() => newcomer.leave("dev", "persistent", "experiment"));

  test("on processes", async () => {
    await typed("npm start");
    await typed(
      shellCommands(readFileSync("README.md", "utf8"))
        .filter((line) => /^(key=|curl )/.test(line))
        .join("\n"),
    );
    for (const command of onProcesses) await typed(command);
    await typed("npm run destroy -- --stack dev --delete-data");
  }, 600_000);

  test("on Docker", async () => {
    for (const command of onDocker) {
      await typed(command).catch(async (error: Error) => {
        // A cron has begun a run since the backup, which a restore does not overwrite.
        if (!error.message.includes("has newer data")) throw error;
        await typed("npm run backup -- --stack persistent --to /mnt/nas --keep 14");
        await typed(command);
      });
    }
    await typed("npm run destroy -- --stack experiment --delete-data");
    expect(newcomer.git("status", "--porcelain")).toMatch(/^( M Pulumi\.\w+\.yaml\n?)*$/);
  }, 900_000);
});

test("no page has a command that is neither typed here nor elsewhere", () => {
  const commands = pages()
    .filter((page) => !/^(worker|examples)\//.test(page))
    .flatMap((page) => ownCommands(readFileSync(page, "utf8")));
  const proved = new Set([...onProcesses, ...onDocker]);
  const open = commands.filter(
    (command) => !proved.has(command) && !forms.test(command) && !elsewhere.some(([pattern]) => pattern.test(command)),
  );
  expect([...new Set(open)]).toEqual([]);
  expect(elsewhere.filter(([, file]) => !existsSync(join("tests/integration", file)))).toEqual([]);
});
