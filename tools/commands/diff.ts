import { existsSync } from "node:fs";
import { defineCommand, runCommand, UsageProblem } from "../../cli/lib/command.ts";
import { comparePlans, type Diff } from "../diff/compare.ts";
import { renderMarkdown, renderText } from "../diff/render.ts";
import { commitOf, forkPoint, planRevision, withRevision } from "../plan/revision.ts";

interface Flags {
  base?: string;
  json?: true;
  markdown?: true;
}

const command = defineCommand(
  "diff",
  "Reports what every stack would change against another revision. Each revision is planned by its own program, without " +
    "engine, Docker, cluster, account or secrets. `pulumi preview` compares with a stack that is up.",
)
  .option("--base <ref>", "revision to compare with (default: where this branch left the main one)")
  .option("--json", "print one JSON value and nothing else")
  .option("--markdown", "print Markdown, as a comment on a pull request")
  .addHelpText("after", "\nExample: npm run diff -- --base v0.1.0")
  .action(diff);

async function diff({ base, json, markdown }: Flags): Promise<void> {
  if (json && markdown) throw new UsageProblem("--json and --markdown exclude each other", "leave one out");
  const found = await differences(base);
  const text = json ? `${JSON.stringify(found, null, 2)}\n` : markdown ? renderMarkdown(found) : renderText(found);
  process.stdout.write(text);
  if (found.stacks.some(({ status }) => status === "unplannable")) process.exitCode = 1;
}

async function differences(ref: string | undefined): Promise<Diff> {
  if (!existsSync(".git")) throw new UsageProblem("this folder is no git repository, so there is no base", "clone it");
  const commit = ref === undefined ? await forkPoint() : await commitOf(ref);
  if (commit === undefined) {
    throw ref === undefined
      ? new UsageProblem("there is no main branch here to compare with", "git fetch origin main, or --base REF")
      : new UsageProblem(
          `--base must name a revision that is here, got ${JSON.stringify(ref)}`,
          "git fetch, or one of `git branch --all`",
        );
  }
  const plans = [withRevision(commit, planRevision), planRevision(".")] as const;
  // A plan that is cut off because the other one failed would leave its folder behind.
  await Promise.allSettled(plans);
  const [base, head] = await Promise.all(plans);
  return comparePlans(
    { name: `${ref ?? "base"} ${commit.slice(0, 9)}`, plans: base },
    { name: "this folder", plans: head },
  );
}

await runCommand(command);
