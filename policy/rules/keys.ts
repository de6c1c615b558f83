import { entriesOf } from "../entries.ts";
import { type Resource, texts } from "../resource.ts";
import { mayBeToldMore, serverOption, workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const keysGiven: Rule = {
  name: "keys-given",
  description: "A server is given both keys: `inngest start` ends at once without them, and a pod restarts for ever",
  remedy: "INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY in the server's environment, as secrets",
  level: "mandatory",
  check(resource) {
    return workloadsOf(resource)
      .filter((server) => server.role === "server" && !mayBeToldMore(server))
      .flatMap((server) => {
        const lacking = ["signing-key", "event-key"].filter((key) => serverOption(server, key) === undefined);
        return lacking.length > 0 ? [`${server.name} has no ${lacking.join(" and no ")}`] : [];
      });
  },
};

export const bareSigningKey: Rule = {
  name: "bare-signing-key",
  description:
    "A signing key is bare hex of an even length: with a `signkey-` prefix the worker registers, and then the server signs " +
    "every call with the prefix and the worker answers 401 (measured on 1.43.0); others are refused at the start",
  remedy: "the hex part alone, on both sides, such as a RandomPassword of 64 characters of 0-9 and a-f",
  level: "mandatory",
  check(resource) {
    const workloads = workloadsOf(resource);
    // Of a worker alone the prefix is stripped by its SDK.
    if (workloads.length > 0 && workloads.every(({ role }) => role === "worker")) return [];
    const entries = entriesOf(resource);
    const all = [...texts(resource.properties), ...entries.map(({ text }) => text)];
    if (all.some((text) => /\bsignkey-\w+-\w/.test(text))) return ["the signing key has a `signkey-` prefix"];
    const keys = [
      ...workloads.filter(({ role }) => role === "server").map((server) => serverOption(server, "signing-key")),
      ...entries.filter(({ name }) => name === "INNGEST_SIGNING_KEY").map(({ text }) => text),
    ];
    const wrong = keys.some((key) => typeof key === "string" && !key.startsWith("$") && !/^([0-9a-f]{2})+$/i.test(key));
    return wrong ? ["the signing key is not hex of an even length"] : [];
  },
};

export const signedWorker: Rule = {
  name: "signed-worker",
  description:
    "No worker runs with INNGEST_DEV: it turns the signature check off, and whoever reaches the worker runs its functions. " +
    "What keeps it from Inngest's cloud is INNGEST_BASE_URL",
  remedy: "INNGEST_BASE_URL, INNGEST_SIGNING_KEY, INNGEST_EVENT_KEY and INNGEST_SERVE_ORIGIN, and no INNGEST_DEV",
  level: "mandatory",
  check(resource) {
    return isDevelopment(resource) ? ["INNGEST_DEV is set"] : [];
  },
};

function isDevelopment(resource: Resource): boolean {
  const { properties } = resource;
  const values = [
    ...workloadsOf(resource).map(({ environment }) => environment.get("INNGEST_DEV")),
    ...entriesOf(resource).flatMap(({ name, text }) => (name === "INNGEST_DEV" ? [text] : [])),
    properties.environment?.INNGEST_DEV,
  ];
  if (values.some((value) => typeof value === "string" && !/^(0|false|)$/i.test(value))) return true;
  const written = /\bINNGEST_DEV(["'\\]*\s*[:=]|<\/key>\s*<string>)\s*["'\\]*(1|true\b|https?:)/i;
  return texts(properties).some((text) => written.test(text));
}
