import { existsSync } from "node:fs";
import { comparePlans, type Diff } from "./diff/compare.ts";
import { renderMarkdown, renderText } from "./diff/render.ts";
import { defineCommand, runCommand, UsageProblem } from "./lib/command.ts";
import { commitOf, forkPoint, planRevision, withRevision } from "./lib/plan/revision.ts";

const command = defineCommand(
  "diff",
  "Shows what every stack would change against another revision. Both are planned by their own programs, without engine, " +
    "Docker, cluster, account or secrets. To compare with a running stack, use `pulumi preview`.",
)
  .option("--base <ref>", "revision to compare with (default: where this branch left the main one)")
  .option("--json", "print one JSON value and nothing else")
  .option("--markdown", "print Markdown, as a comment on a pull request")
  .addHelpText("after", "\nExample: npm run diff -- --base v0.1.0")
  .action(async (flags: { base?: string; json?: boolean; markdown?: boolean }) => {
    if (flags.json && flags.markdown)
      throw new UsageProblem("--json and --markdown exclude each other", "leave one out");
    const diff = await differences(flags.base);
    const render = flags.json
      ? (each: Diff) => `${JSON.stringify(each, null, 2)}\n`
      : flags.markdown
        ? renderMarkdown
        : renderText;
    process.stdout.write(render(diff));
    if (diff.stacks.some(({ status }) => status === "unplannable")) process.exitCode = 1;
  });

async function differences(ref: string | undefined): Promise<Diff> {
  if (!existsSync(".git")) throw new UsageProblem("this folder is no git repository, so there is no base", "clone it");
  const commit = ref === undefined ? await forkPoint() : await commitOf(ref);
  if (commit === undefined) {
    throw ref === undefined
      ? new UsageProblem("no main branch is here to compare with", "git fetch origin main, or --base REF")
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
