import { forwardCommand } from "../../lib/places/forward.ts";
import { Problem } from "../../lib/problem.ts";
import type { Settings } from "../../lib/settings/settings.ts";
import type { Outputs } from "../../lib/stack/outputs.ts";
import { missingQueue } from "../lib/missing-queue.ts";

/** What a person needs of a stack that is up, for people. The demo comes last, because it shows what all of it is for. */
export function lastLines(settings: Settings, { durability, dashboardUrl, apiUrl, forward }: Outputs): string {
  const { stack, worker } = settings;
  const missing = missingQueue(settings);
  const needsForward = forward && apiUrl === `http://127.0.0.1:${forward.server.local}`;
  const flag = stack === "dev" ? "" : ` --stack ${stack}`;
  const forOurs = [["Event", `npm run send --${flag} project/changed '{"project": "garden", "summary": "planted"}'`]];
  const demo = [["Demo", `npm run demo${flag && ` --${flag}`}`]];
  const isOurs = worker.runtime !== "external";
  const rows = [
    ["Durability", `${durability.text}.`],
    ...(missing instanceof Problem
      ? [["", `To keep them: ${missing.remedy}, then npm start -- --stack ${stack}`]]
      : []),
    ["Dashboard", dashboardUrl],
    ...(needsForward ? [["", `while this runs: ${forwardCommand(forward)}`]] : []),
    ...(isOurs ? forOurs : []),
    ["Logs", `npm run logs -- --stack ${stack}`],
    ["Stop", `npm run destroy -- --stack ${stack}`],
    ...(isOurs ? demo : []),
  ];
  return rows.map(([what = "", how]) => `${what.padEnd(12)}${how}`).join("\n");
}
