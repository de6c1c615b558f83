import { configEntries } from "../entries.ts";
import { type Resource, stringsIn } from "../resource.ts";
import { mayHaveHiddenOptions, serverOption, workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const keysGiven: Rule = {
  name: "keys-given",
  description: "A server has both keys: without them `inngest start` exits at once, and its pod restarts forever",
  remedy: "set INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY in the server's environment, as secrets",
  level: "mandatory",
  check(resource) {
    return workloadsOf(resource)
      .filter((server) => server.role === "server" && !mayHaveHiddenOptions(server))
      .flatMap((server) => {
        const missing = ["signing-key", "event-key"].filter((key) => serverOption(server, key) === undefined);
        return missing.length > 0 ? [`${server.name} has no ${missing.join(" and no ")}`] : [];
      });
  },
};

export const bareSigningKey: Rule = {
  name: "bare-signing-key",
  description:
    "A signing key is bare hex of even length: with a `signkey-` prefix the worker registers, but the server signs its " +
    "calls with the prefix and the worker answers 401; any other key is refused at startup",
  remedy: "use the hex part alone on both sides, such as a RandomPassword of 64 characters of 0-9 and a-f",
  level: "mandatory",
  check(resource) {
    const workloads = workloadsOf(resource);
    // A worker's SDK strips the prefix.
    if (workloads.length > 0 && workloads.every(({ role }) => role === "worker")) return [];
    const entries = configEntries(resource);
    const all = [...stringsIn(resource.properties), ...entries.map(({ text }) => text)];
    if (all.some((text) => /\bsignkey-\w+-\w/.test(text))) return ["the signing key has a `signkey-` prefix"];
    const keys = [
      ...workloads.filter(({ role }) => role === "server").map((server) => serverOption(server, "signing-key")),
      ...entries.filter(({ name }) => name === "INNGEST_SIGNING_KEY").map(({ text }) => text),
    ];
    const wrong = keys.some((key) => typeof key === "string" && !key.startsWith("$") && !/^([0-9a-f]{2})+$/i.test(key));
    return wrong ? ["the signing key is not hex of even length"] : [];
  },
};

export const signedWorker: Rule = {
  name: "signed-worker",
  description:
    "No worker runs with INNGEST_DEV: it disables the signature check, so anyone who can reach the worker can run its " +
    "functions. INNGEST_BASE_URL is enough to keep a worker off Inngest Cloud",
  remedy:
    "set INNGEST_BASE_URL, INNGEST_SIGNING_KEY, INNGEST_EVENT_KEY and INNGEST_SERVE_ORIGIN, and remove INNGEST_DEV",
  level: "mandatory",
  check(resource) {
    return setsDevelopmentMode(resource) ? ["INNGEST_DEV is set"] : [];
  },
};

function setsDevelopmentMode(resource: Resource): boolean {
  const { properties } = resource;
  const values = [
    ...workloadsOf(resource).map(({ environment }) => environment.get("INNGEST_DEV")),
    ...configEntries(resource).flatMap(({ name, text }) => (name === "INNGEST_DEV" ? [text] : [])),
    properties.environment?.INNGEST_DEV,
  ];
  if (values.some((value) => typeof value === "string" && !/^(0|false|)$/i.test(value))) return true;
  const assigned = /\bINNGEST_DEV(["'\\]*\s*[:=]|<\/key>\s*<string>)\s*["'\\]*(1|true\b|https?:)/i;
  return stringsIn(properties).some((text) => assigned.test(text));
}
