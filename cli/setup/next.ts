import type { Answers } from "./answers.ts";

/** What to do after setup, for people. */
export function whatNext({ stack, worker }: Answers): string {
  const flag = ` --stack ${stack}`;
  const lines =
    worker.runtime === "external"
      ? [
          ["how your app mounts its functions", exampleOf(worker.framework)],
          ["the variables that your app needs", `npm run pulumi -- stack output appEnvironment --show-secrets${flag}`],
          ["then check it", `npm run verify --${flag}`],
        ]
      : [
          ["the worker is yours to change", `${worker.dir}/functions, then npm start --${flag}`],
          ["send it an event", `npm run send --${stack === "dev" ? "" : flag} ${events[worker.work]}`],
        ];
  const all = [...lines, ["look at the dashboard", `npm run open --${flag}`]];
  return ["", "What next", ...all.map(([what = "", how]) => `  ${what.padEnd(36)}${how}`)].join("\n");
}

const general = `project/changed '{"project": "garden", "summary": "planted"}'`;
const events = { ai: `agent/asked '{"conversation": "1", "question": "hello"}'`, general, both: general };

function exampleOf(framework: string): string {
  return framework === "other" ? "examples/README.md" : `examples/${framework}`;
}
