import {
  bareKey,
  command,
  container,
  plist,
  resource,
  soundPod,
  soundPodServer,
  soundQueue,
  soundServer,
  statefulSet,
} from "../resources.ts";
import type { Cases } from "./cases.ts";

/** Of the rules in ../../rules/secrets.ts. */
export const secretsCases: Cases = {
  "no-secret-in-arguments": {
    breaks: [
      [
        "keys as flags of a container",
        container({
          ...soundServer,
          command: ["inngest", "start", "--signing-key", bareKey, `--event-key=${bareKey}`],
        }),
        ["--signing-key is on a command line", "--event-key is on a command line"],
      ],
      [
        "a key that the pod puts into its arguments",
        statefulSet({ ...soundPodServer, args: ["--signing-key", "$(INNGEST_SIGNING_KEY)"] }, soundPod),
        ["--signing-key is on a command line"],
      ],
      [
        "a Redis' password",
        container({ ...soundQueue, command: ["redis-server", "--requirepass", "hunter2"] }),
        ["--requirepass is on a command line"],
      ],
      [
        "a URL with a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://:hunter2@queue:6379"] }),
        ["a URL with a password is on a command line"],
      ],
      [
        "a command that writes the key out",
        command({ create: `docker run -e INNGEST_SIGNING_KEY=${bareKey} inngest/inngest inngest start` }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
      [
        "a variable that Docker gets as an argument",
        command({ create: 'docker run -e INNGEST_SIGNING_KEY="$KEY" inngest/inngest inngest start' }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
    ],
    keeps: [
      ["keys in the environment", container(soundServer)],
      [
        "a Redis with its password in a file",
        container({ ...soundQueue, command: ["redis-server", "/etc/redis.conf"] }),
      ],
      ["a shell's own variable", command({ create: 'INNGEST_SIGNING_KEY="$KEY" inngest start' })],
      [
        "a variable that Docker takes from the environment",
        command({ create: "docker run -e INNGEST_SIGNING_KEY inngest/inngest" }),
      ],
      [
        "a URL without a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://queue:6379"] }),
      ],
    ],
  },
  "no-secret-in-service-file": {
    breaks: [
      [
        "a key in a plist",
        command({
          create: "cat > a.plist",
          stdin: plist(`<key>INNGEST_SIGNING_KEY</key>\n  <string>${bareKey}</string>`),
        }),
        ["INNGEST_SIGNING_KEY is in a property list"],
      ],
      [
        "a key among a plist's arguments",
        command({
          stdin: plist(
            `<array><string>inngest</string><string>--event-key</string><string>${bareKey}</string></array>`,
          ),
        }),
        ["--event-key is in a property list"],
      ],
      [
        "a key in a plist within a JSON text",
        command({
          stdin: JSON.stringify({ file: plist(`<key>INNGEST_EVENT_KEY</key>\n<string>${bareKey}</string>`) }),
        }),
        ["INNGEST_EVENT_KEY is in a property list"],
      ],
      [
        "a key in a unit",
        command({ stdin: `[Service]\nEnvironment="A=b" "INNGEST_EVENT_KEY=${bareKey}"\nExecStart=inngest start\n` }),
        ["INNGEST_EVENT_KEY is in a systemd unit"],
      ],
      [
        "a key in a unit's arguments and a password in its environment",
        command({
          stdin: `[Service]\nEnvironment=REDIS_URL=redis://:hunter2@a\nExecStart=inngest start --signing-key ${bareKey}\n`,
        }),
        ["--signing-key is in a systemd unit", "a URL with a password is in a systemd unit"],
      ],
    ],
    keeps: [
      [
        "a plist that names a file",
        command({
          stdin: plist("<key>KeepAlive</key><true/><key>INNGEST_CONFIG</key><string>/etc/inngest.json</string>"),
        }),
      ],
      [
        "a unit that names a file",
        command({ stdin: "[Service]\nEnvironmentFile=/etc/inngest.env\nExecStart=inngest start\n" }),
      ],
      ["a key elsewhere", command({ stdin: JSON.stringify({ "signing-key": bareKey }) })],
    ],
  },
  "secret-command-output": {
    breaks: [
      [
        "a key in the environment, not known yet",
        command({ create: "register", environment: { SIGNING_KEY: "" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
      [
        "a key on standard input, and one output open",
        command(
          { create: "register", stdin: JSON.stringify({ signingKey: bareKey }) },
          { additionalSecretOutputs: ["stdout"] },
        ),
        ["it is told a secret, and its stderr can be read"],
      ],
      [
        "a password in a URL",
        command({ create: "migrate", environment: { DATABASE_URL: "postgres://me:hunter2@db/inngest" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
      [
        "a key in a remote command",
        resource("command:remote:Command", { create: "up", environment: { API_TOKEN: "abc" } }),
        ["it is told a secret, and its stdout and stderr can be read"],
      ],
    ],
    keeps: [
      [
        "secret outputs",
        command(
          { create: "register", environment: { SIGNING_KEY: bareKey } },
          { additionalSecretOutputs: ["stderr", "stdout"] },
        ),
      ],
      [
        "nothing secret",
        command({ create: "echo $PORT", stdin: JSON.stringify({ port: 8288 }), environment: { PORT: "8288" } }),
      ],
      ["another resource", resource("random:index/randomPassword:RandomPassword", { length: 64 })],
    ],
  },
};
