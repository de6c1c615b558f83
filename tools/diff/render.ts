import type { Diff, Loss, PropertyChange, ResourceChange, StackDiff } from "./compare.ts";

const signs: Record<ResourceChange["change"], string> = { replaced: "+-", removed: "- ", changed: "~ ", added: "+ " };
const loud: Record<Loss["kind"], string> = {
  data: "DATA LOSS",
  keys: "KEYS CHANGE",
  left: "DATA STAYS BEHIND",
  unguarded: "DATA NO LONGER KEPT",
};
/** Inputs of an added or removed resource that are shown; the rest is counted. */
const shownInputs = 12;
/** Lines of a file's difference that are shown. */
const shownPatch = 60;
/** Characters of a value that are shown. */
const shownValue = 120;

/** The diff for a terminal. */
export function renderText(diff: Diff): string {
  const { base, head, stacks } = diff;
  const lines = [`${base} → ${head}`, ""];
  if (!diff.changed) return [...lines, `no changes in ${stacks.map(({ stack }) => stack).join(", ")}`, ""].join("\n");
  const first = headlines(diff);
  if (first.length > 0) lines.push(...first, "");
  for (const stack of stacks) lines.push(...stackLines(stack), "");
  return lines.join("\n");
}

/** The diff for a comment on a pull request: losses and replacements are visible, the rest is folded. */
export function renderMarkdown(diff: Diff): string {
  const { base, head, stacks } = diff;
  const title = `### What each stack would change\n\n\`${base}\` → \`${head}\`\n`;
  if (!diff.changed) return `${title}\nNo changes in ${stacks.map(({ stack }) => stack).join(", ")}.\n`;
  const first = headlines(diff);
  const warning = first.length > 0 ? `\n> [!CAUTION]\n${first.map((line) => `> ${escaped(line)}  \n`).join("")}` : "";
  const rows = stacks.map((stack) => `| ${stack.stack} | ${stack.tier} | ${summary(stack)} |`);
  const details = stacks
    .filter(({ status }) => status !== "unchanged")
    .map((stack) => {
      const text = stackLines(stack).slice(1).join("\n");
      const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
      return `<details><summary>${stack.stack}: ${summary(stack)}</summary>\n\n${fence}diff\n${text}\n${fence}\n\n</details>`;
    });
  const table = `| stack | tier | changes |\n|---|---|---|\n${rows.join("\n")}`;
  return `${title}${warning}\n${table}\n\n${details.join("\n\n")}\n`;
}

/** Losses and replacements of all stacks, the worst first. */
function headlines({ stacks }: Diff): string[] {
  const losses = (["data", "keys", "left", "unguarded"] as const).flatMap((kind) =>
    stacks.flatMap(({ stack, losses }) =>
      losses
        .filter((loss) => loss.kind === kind)
        .map(({ resource, text }) => `${loud[kind]}  ${stack}: ${resource} ${text}`),
    ),
  );
  const broken = stacks
    .filter(({ status }) => status === "unplannable")
    .map(({ stack, problem }) => `CANNOT BE PLANNED  ${stack}: ${problem?.split("\n")[0]}`);
  const replaced = stacks.flatMap(({ stack, resources }) =>
    resources
      .filter(({ change }) => change === "replaced")
      .map(({ resource, properties }) => {
        const why = properties.filter((each) => each.replaces).map(({ path }) => path);
        return `REPLACED  ${stack}: ${resource} (${why.join(", ")})`;
      }),
  );
  return [...broken, ...losses, ...replaced];
}

function summary({ status, resources, outputs, files }: StackDiff): string {
  if (status === "unchanged" || status === "unplannable")
    return status === "unchanged" ? "no changes" : "cannot be planned";
  const counts = (Object.keys(signs) as ResourceChange["change"][])
    .map((change) => [resources.filter((each) => each.change === change).length, change] as const)
    .filter(([count]) => count > 0)
    .map(([count, change]) => `${count} ${change}`);
  const more = [
    ...(outputs.length > 0 ? [`${outputs.length} outputs`] : []),
    ...(files.length > 0 ? [`${files.length} files`] : []),
  ];
  const prefix = status === "changed" ? "" : `stack ${status}: `;
  return prefix + [...counts, ...more].join(", ");
}

function stackLines(stack: StackDiff): string[] {
  const lines = [`stack ${stack.stack} (${stack.tier}): ${summary(stack)}`];
  if (stack.status !== "unchanged" && stack.assumed.length > 0) {
    lines.push(`  planned with ${stack.assumed.join(", ")}, which its settings leave open`);
  }
  if (stack.problem) lines.push(...stack.problem.split("\n").map((line) => `  ${line}`));
  for (const { resource, change, properties } of stack.resources) {
    lines.push(`${signs[change]} ${change} ${resource}`);
    const isWhole = change === "added" || change === "removed";
    const shown = isWhole ? properties.slice(0, shownInputs) : properties;
    lines.push(...shown.flatMap(isWhole ? wholeLine : propertyLines));
    if (shown.length < properties.length) lines.push(`     … and ${properties.length - shown.length} more (--json)`);
  }
  if (stack.outputs.length > 0) lines.push("~  outputs", ...stack.outputs.flatMap(propertyLines));
  for (const { path, patch } of stack.files) {
    const text = /^@@ .* \+0,0 @@$/m.test(patch) ? [`--- ${path} is gone`] : patch.trimEnd().split("\n");
    lines.push("", ...text.slice(0, shownPatch));
    if (text.length > shownPatch) lines.push(`     … and ${text.length - shownPatch} lines more (--json)`);
  }
  return lines;
}

function propertyLines({ path, before, after, replaces, patch }: PropertyChange): string[] {
  const reason = replaces ? "   (replaces)" : "";
  if (patch)
    return [
      `     ${path}${reason}`,
      ...patch
        .trimEnd()
        .split("\n")
        .slice(2)
        .map((line) => `       ${line}`),
    ];
  if (before === undefined) return [`     ${path}: ${shown(after)}${reason}`];
  if (after === undefined) return [`     ${path}: ${shown(before)} → none${reason}`];
  const now = shown(after);
  return [`     ${path}: ${shown(before)} → ${now === shown(before) ? "another value" : now}${reason}`];
}

/** A property of an added or removed resource. */
function wholeLine({ path, before, after }: PropertyChange): string[] {
  return [`     ${path}: ${shown(after ?? before)}`];
}

function shown(value: PropertyChange["before"]): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replaceAll(/\s*\n\s*/g, " ⏎ ");
  return line.length > shownValue ? `${line.slice(0, shownValue)}… (${line.length} characters)` : line;
}

function escaped(line: string): string {
  return line.replaceAll(/[<>|*_`]/g, (sign) => `\\${sign}`);
}
