import { writeFileSync } from "node:fs";
import { defineCommand, runCommand } from "../../cli/lib/command.ts";
import { stalePages } from "../docs/pages.ts";

const command = defineCommand(
  "docs",
  "Regenerates parts of the pages, Pulumi.yaml and setup.sh: pictures of the tiers, code of the worker, settings, " +
    "benchmarks, the repository's address.",
)
  .option("--check", "write nothing, and fail when a file is stale")
  .addHelpText("after", "\nExample: npm run docs -- --check")
  .action(async ({ check }: { check?: boolean }) => {
    const stale = await stalePages();
    for (const [page, text] of stale) {
      if (!check) writeFileSync(page, text);
      console.log(check ? `${page} is stale. Remedy: npm run docs` : page);
    }
    if (check && stale.size > 0) process.exitCode = 1;
  });

await runCommand(command);
