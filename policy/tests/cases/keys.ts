import { unknown } from "../../resource.ts";
import {
  bareKey,
  command,
  container,
  keys,
  plist,
  prefixedKey,
  resource,
  secret,
  soundPod,
  soundPodServer,
  soundServer,
  soundWorker,
  statefulSet,
} from "../resources.ts";
import type { Cases } from "./cases.ts";

/** For the rules in ../../rules/keys.ts. */
export const keysCases: Cases = {
  "keys-given": {
    rejects: [
      ["no key", container({ ...soundServer, envs: [] }), ["it has no signing-key and no event-key"]],
      ["one key", container({ ...soundServer, envs: keys.slice(0, 1) }), ["it has no event-key"]],
      [
        "a pod without keys",
        statefulSet({ ...soundPodServer, envFrom: [] }),
        ["it has no signing-key and no event-key"],
      ],
    ],
    accepts: [
      ["both keys", container(soundServer)],
      ["keys that are not known yet", container({ ...soundServer, envs: ["INNGEST_HOST=0.0.0.0", unknown] })],
      ["keys from a Secret", statefulSet(soundPodServer, soundPod)],
      [
        "keys from single entries of a Secret",
        statefulSet({
          ...soundPodServer,
          envFrom: [],
          env: ["INNGEST_SIGNING_KEY", "INNGEST_EVENT_KEY"].map((name) => ({ name, valueFrom: { secretKeyRef: {} } })),
        }),
      ],
      [
        "a configuration file",
        container({ ...soundServer, envs: [], uploads: [{ file: "/inngest.yaml", content: unknown }] }),
      ],
      [
        "keys read by a shell command",
        container({ ...soundServer, envs: [], command: ["sh", "-c", ". /run/secrets/inngest; exec inngest start"] }),
      ],
      ["a dev server", container({ image: "inngest/inngest:v1.43.0", command: ["inngest", "dev"] })],
    ],
  },
  "bare-signing-key": {
    rejects: [
      [
        "a prefixed key in a container",
        container({ ...soundServer, envs: [`INNGEST_SIGNING_KEY=${prefixedKey}`] }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in a Secret",
        secret({ INNGEST_SIGNING_KEY: prefixedKey }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in base64 in a Secret",
        resource("kubernetes:core/v1:Secret", {
          data: { INNGEST_SIGNING_KEY: Buffer.from(prefixedKey).toString("base64") },
        }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a prefixed key in a file that a command writes",
        command({ create: "cat > inngest.json", stdin: JSON.stringify({ "signing-key": prefixedKey }) }),
        ["the signing key has a `signkey-` prefix"],
      ],
      [
        "a key that is not hex",
        container({ ...soundServer, envs: ["INNGEST_SIGNING_KEY=correct-horse"] }),
        ["the signing key is not hex of even length"],
      ],
      [
        "a key of odd length",
        secret({ INNGEST_SIGNING_KEY: bareKey.slice(1) }),
        ["the signing key is not hex of even length"],
      ],
    ],
    accepts: [
      ["a bare key", container(soundServer)],
      ["a bare key in a Secret", secret({ INNGEST_SIGNING_KEY: bareKey })],
      ["a key that is not known yet", container({ ...soundServer, envs: unknown })],
      ["a prefixed key on a worker only", container({ ...soundWorker, envs: [`INNGEST_SIGNING_KEY=${prefixedKey}`] })],
    ],
  },
  "signed-worker": {
    rejects: [
      ["a variable of a container", container({ ...soundWorker, envs: ["INNGEST_DEV=1"] }), ["INNGEST_DEV is set"]],
      [
        "the URL of a dev server",
        container({ ...soundWorker, envs: ["INNGEST_DEV=http://server:8288"] }),
        ["INNGEST_DEV is set"],
      ],
      [
        "a variable of a pod",
        statefulSet({ image: "worker:1", env: [{ name: "INNGEST_DEV", value: "true" }] }),
        ["INNGEST_DEV is set"],
      ],
      [
        "an entry of a ConfigMap",
        resource("kubernetes:core/v1:ConfigMap", { data: { INNGEST_DEV: "1" } }),
        ["INNGEST_DEV is set"],
      ],
      [
        "a variable of a command",
        command({ create: "npm start", environment: { INNGEST_DEV: "1" } }),
        ["INNGEST_DEV is set"],
      ],
      ["an assignment in a command line", command({ create: "INNGEST_DEV=1 node serve.ts" }), ["INNGEST_DEV is set"]],
      [
        "a variable in a plist",
        command({ stdin: plist("<key>INNGEST_DEV</key><string>1</string>") }),
        ["INNGEST_DEV is set"],
      ],
    ],
    accepts: [
      ["a signed worker", container(soundWorker)],
      ["INNGEST_DEV=0", container({ ...soundWorker, envs: ["INNGEST_DEV=0"] })],
      ["INNGEST_DEV=false", statefulSet({ image: "worker:1", env: [{ name: "INNGEST_DEV", value: "false" }] })],
    ],
  },
};
