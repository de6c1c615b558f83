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

/** For the rules in ../../rules/secrets.ts. */
export const secretsCases: Cases = {
  "no-secret-in-arguments": {
    rejects: [
      [
        "keys in a container's flags",
        container({
          ...soundServer,
          command: ["inngest", "start", "--signing-key", bareKey, `--event-key=${bareKey}`],
        }),
        ["--signing-key is on a command line", "--event-key is on a command line"],
      ],
      [
        "a key that a pod expands into its arguments",
        statefulSet({ ...soundPodServer, args: ["--signing-key", "$(INNGEST_SIGNING_KEY)"] }, soundPod),
        ["--signing-key is on a command line"],
      ],
      [
        "the password of a Redis",
        container({ ...soundQueue, command: ["redis-server", "--requirepass", "hunter2"] }),
        ["--requirepass is on a command line"],
      ],
      [
        "a URL with a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://:hunter2@queue:6379"] }),
        ["a URL with a password is on a command line"],
      ],
      [
        "a literal key in a command",
        command({ create: `docker run -e INNGEST_SIGNING_KEY=${bareKey} inngest/inngest inngest start` }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
      [
        "a variable passed to Docker with its value",
        command({ create: 'docker run -e INNGEST_SIGNING_KEY="$KEY" inngest/inngest inngest start' }),
        ["INNGEST_SIGNING_KEY is on a command line"],
      ],
    ],
    accepts: [
      ["keys in the environment", container(soundServer)],
      [
        "a Redis with its password in a file",
        container({ ...soundQueue, command: ["redis-server", "/etc/redis.conf"] }),
      ],
      ["a shell assignment in front of a command", command({ create: 'INNGEST_SIGNING_KEY="$KEY" inngest start' })],
      [
        "a variable that Docker reads from the environment",
        command({ create: "docker run -e INNGEST_SIGNING_KEY inngest/inngest" }),
      ],
      [
        "a URL without a password",
        container({ ...soundServer, command: ["inngest", "start", "--redis-uri", "redis://queue:6379"] }),
      ],
    ],
  },
  "no-secret-in-service-file": {
    rejects: [
      [
        "a key in a plist",
        command({
          create: "cat > a.plist",
          stdin: plist(`<key>INNGEST_SIGNING_KEY</key>\n  <string>${bareKey}</string>`),
        }),
        ["INNGEST_SIGNING_KEY is in a property list"],
      ],
      [
        "a key in a plist's arguments",
        command({
          stdin: plist(
            `<array><string>inngest</string><string>--event-key</string><string>${bareKey}</string></array>`,
          ),
        }),
        ["--event-key is in a property list"],
      ],
      [
        "a key in a plist inside a JSON string",
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
    accepts: [
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
      ["a key in another kind of file", command({ stdin: JSON.stringify({ "signing-key": bareKey }) })],
    ],
  },
  "secret-command-output": {
    rejects: [
      [
        "an unknown key in the environment",
        command({ create: "register", environment: { SIGNING_KEY: "" } }),
        ["the command receives a secret, but these outputs are not secret: stdout, stderr"],
      ],
      [
        "a key on standard input with only stdout marked secret",
        command(
          { create: "register", stdin: JSON.stringify({ signingKey: bareKey }) },
          { additionalSecretOutputs: ["stdout"] },
        ),
        ["the command receives a secret, but these outputs are not secret: stderr"],
      ],
      [
        "a password in a URL",
        command({ create: "migrate", environment: { DATABASE_URL: "postgres://me:hunter2@db/inngest" } }),
        ["the command receives a secret, but these outputs are not secret: stdout, stderr"],
      ],
      [
        "a key in a remote command",
        resource("command:remote:Command", { create: "up", environment: { API_TOKEN: "abc" } }),
        ["the command receives a secret, but these outputs are not secret: stdout, stderr"],
      ],
    ],
    accepts: [
      [
        "secret outputs",
        command(
          { create: "register", environment: { SIGNING_KEY: bareKey } },
          { additionalSecretOutputs: ["stderr", "stdout"] },
        ),
      ],
      [
        "a command without a secret",
        command({ create: "echo $PORT", stdin: JSON.stringify({ port: 8288 }), environment: { PORT: "8288" } }),
      ],
      ["another resource", resource("random:index/randomPassword:RandomPassword", { length: 64 })],
    ],
  },
};
