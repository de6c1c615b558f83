import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { envValueProblem } from "../render/env-file.ts";
import { type Profile, profileSettings } from "./profile.ts";
import { Secret, type SettingsReader } from "./reader.ts";
import type { Tier } from "./schema.ts";

/** What a stack asks for of its worker. */
export type WorkerSettings = ReturnType<typeof readWorker>;

export function readWorker(
  { tier, port, profile }: { tier: Tier; port: number; profile: Profile },
  reader: SettingsReader,
) {
  const runtime = reader.choice("runtime");
  const worker = {
    // No folder and no entry of an app that the stack does not start.
    ...(runtime === "external" ? { dir: "", entry: "" } : workerFolder(reader)),
    port: reader.whole("workerPort"),
    placement: reader.choice("workerPlacement"),
    runtime,
    transport: reader.choice("transport"),
    /** Inngest endpoint of an app that the stack does not start; set exactly when `runtime` is `external`. */
    url: URL.parse(reader.text("workerUrl")) ?? undefined,
    /** Image that a cluster runs. */
    image: reader.optional("workerImage"),
    checkpointSteps: profileSettings[profile].checkpointSteps,
    /** More variables for the worker, all secret because one of them may be; `undefined` where they cannot be read. */
    variables: reader.isReadable("workerEnv") ? new Secret(workerVariables(reader)) : undefined,
  };
  if (runtime === "external") checkExternal(worker, reader);
  else if (reader.text("workerUrl") !== "") {
    reader.reject(
      "workerUrl",
      "left out, because the stack starts the worker itself",
      "pulumi config rm workerUrl, or pulumi config set runtime external",
    );
  }
  if (worker.port >= port && worker.port <= port + 3) {
    const rule = `outside the server's own ports ${port} to ${port + 3}`;
    reader.reject("workerPort", rule, reader.set("workerPort", port + 4));
  }
  if (tier === "process" && worker.placement === "container") {
    const rule = "host on the process tier, which has no containers";
    reader.reject("workerPlacement", rule, reader.set("workerPlacement", "host"));
  }
  return worker;
}

/** What an app that the stack does not start must have, and must not. */
function checkExternal({ url, placement, transport }: WorkerSettings, reader: SettingsReader): void {
  if (!/^https?:$/.test(url?.protocol ?? "")) {
    const rule = "the http address of your app's Inngest endpoint";
    reader.reject("workerUrl", rule, reader.set("workerUrl", "http://localhost:3000/api/inngest"));
  }
  if (placement === "container") {
    const rule = "host, because an external worker is not started here";
    reader.reject("workerPlacement", rule, reader.set("workerPlacement", "host"));
  }
  if (transport === "connect") {
    const rule = "serve, because an external app chooses for itself how it connects";
    reader.reject("transport", rule, reader.set("transport", "serve"));
  }
}

/** Variables that the stack itself sets. */
const ownVariables = /^(INNGEST_.*|PORT|HOST|DATA_DIR|TRANSPORT|CHECKPOINT_STEPS)$/;

function workerVariables(reader: SettingsReader): Record<string, string> {
  const remedy = "pulumi config set --secret --path workerEnv.NAME VALUE";
  const variables = reader.object("workerEnv");
  if (variables === undefined) reader.problem("`workerEnv` must be names with values", remedy);
  const entries = Object.entries(variables ?? {});
  for (const [name, value] of entries) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
      reader.problem(`\`workerEnv\` must have names of A-Z, 0-9 and _, got ${JSON.stringify(name)}`, remedy);
    } else if (ownVariables.test(name)) {
      reader.problem(
        `\`workerEnv\` must not have ${name}, which the stack itself decides`,
        `pulumi config rm --path workerEnv.${name}`,
      );
    } else if (!["string", "number", "boolean"].includes(typeof value)) {
      reader.problem(`\`workerEnv\` must have one plain value for ${name}`, remedy);
    } else if (envValueProblem(String(value))) {
      reader.problem(`\`workerEnv\` has ${name}, which ${envValueProblem(String(value))}`, remedy);
    }
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** `workerDir` and the entry that its package.json names. */
function workerFolder(reader: SettingsReader): { dir: string; entry: string } {
  const dir = reader.text("workerDir");
  const refuse = (rule: string) => {
    const remedy = `${reader.set("workerDir", "worker")}, or the folder of your own worker`;
    reader.reject("workerDir", rule, remedy);
    return { dir, entry: "" };
  };
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return refuse("a folder that exists");
  const entry = mainOf(join(dir, "package.json"));
  if (typeof entry === "string" && statSync(join(dir, entry), { throwIfNoEntry: false })?.isFile()) {
    return { dir, entry };
  }
  return refuse("a folder whose package.json names its entry in `main`");
}

function mainOf(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { main?: unknown }).main;
  } catch {
    return undefined;
  }
}
