import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { locate, onPath } from "../lib/host/programs.ts";
import { schema } from "../lib/settings/schema.ts";
import { bunFolders } from "./bun.ts";
import { succeeds } from "./docker.ts";

const cache = join(homedir(), ".cache", "inngest-local");
const certificates = "/etc/ssl/certs/ca-certificates.crt";

interface StandIn {
  /** Debian package that its root has beside what every root has. @default "redis-server" */
  package?: "redis-server" | "postgresql-15";
  /** Puts files into the build folder and returns the Dockerfile's lines after `FROM`. */
  build(folder: string): string[];
}

/** What each image holds where none can be pulled; only what the tiers use of it. */
const standIns: Record<string, StandIn> = {
  [schema.serverImage.default]: {
    build(folder) {
      copyFileSync(realpathSync(locate({ kind: "inngest" })), join(folder, "inngest"));
      return ["COPY inngest /usr/bin/inngest", 'CMD ["inngest"]'];
    },
  },
  [schema.queueImage.default]: { build: () => ['CMD ["redis-server"]'] },
  [schema.gatewayImage.default]: {
    build(folder) {
      copyFileSync(realpathSync(onPath("caddy") as string), join(folder, "caddy"));
      writeFileSync(join(folder, "wget"), wget, { mode: 0o755 });
      return ["COPY caddy wget /usr/bin/", 'CMD ["caddy", "run"]'];
    },
  },
  [schema.databaseImage.default]: {
    package: "postgresql-15",
    build(folder) {
      writeFileSync(join(folder, "docker-entrypoint.sh"), postgresEntrypoint, { mode: 0o755 });
      return [
        "COPY docker-entrypoint.sh /usr/local/bin/",
        "ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin",
        "RUN /usr/sbin/usermod --uid 999 postgres",
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        'CMD ["postgres", "-c", "listen_addresses=*"]',
      ];
    },
  },
  "node:24.21.0-bookworm-slim": {
    build(folder) {
      copyFileSync(process.execPath, join(folder, "node"));
      const npm = dirname(dirname(realpathSync(onPath("npm") as string)));
      cpSync(npm, join(folder, "npm"), { recursive: true });
      return [
        "COPY node /usr/local/bin/node",
        "COPY npm /usr/local/lib/npm",
        "RUN ln -s ../lib/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 node",
      ];
    },
  },
  "oven/bun:1.4.5-slim": {
    build(folder) {
      copyFileSync(realpathSync(onPath("bun", bunFolders) as string), join(folder, "bun"));
      return ["COPY bun /usr/local/bin/bun", "RUN useradd --uid 1000 bun"];
    },
  },
};

/** What the official image does with a new data folder. */
const postgresEntrypoint = `#!/bin/bash
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\\n' "$POSTGRES_PASSWORD") \\
    --auth-local=trust --auth-host=trust --encoding=UTF8 --locale=C.UTF-8
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl --wait --options="-c listen_addresses=''" start
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --wait stop
fi
exec "$@"
`;

/** All that the gateway's health check wants of it: whether a page is there. */
const wget = `#!/bin/bash
[[ "\${@: -1}" =~ ^http://([^:/]+):([0-9]+)/$ ]]
exec 3<>"/dev/tcp/\${BASH_REMATCH[1]}/\${BASH_REMATCH[2]}"
printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
`;

const dockerImages = [
  schema.serverImage.default,
  schema.queueImage.default,
  schema.gatewayImage.default,
  "node:24.21.0-bookworm-slim",
  "oven/bun:1.4.5-slim",
];
/** Images that the suites on a cluster use, and of which the worker's is built. */
export const clusterImages = [
  schema.serverImage.default,
  schema.queueImage.default,
  schema.gatewayImage.default,
  schema.databaseImage.default,
  schema.upkeepImage.default,
];

export const workerImages = ["node:24.21.0-bookworm-slim", "oven/bun:1.4.5-slim"];

/**
 * Brings images, by default those of the Docker suites: what is there stays, what can be pulled is pulled, and for the rest a
 * stand-in under the real name is made of a Debian root and this machine's binaries. Returns why that failed.
 */
export function ensureImages(images = dockerImages): string | undefined {
  for (const image of images) {
    if (succeeds("docker", "image", "inspect", image) || succeeds("docker", "pull", "--quiet", image)) continue;
    if (process.getuid?.() !== 0 || !onPath("debootstrap")) {
      return `the image ${image} cannot be pulled, and no stand-in can be made without root and debootstrap`;
    }
    if (image === schema.gatewayImage.default && !onPath("caddy")) {
      return `the image ${image} cannot be pulled, and no stand-in can be made without caddy`;
    }
    make(image, standIns[image] as StandIn);
  }
  return undefined;
}

function make(image: string, standIn: StandIn): void {
  const base = debianBase(standIn.package ?? "redis-server");
  const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
  try {
    copyFileSync(certificates, join(folder, "ca-certificates.crt"));
    const lines = [
      `FROM ${base}`,
      // A build within such an image reaches registries through this machine's own certificates.
      `COPY ca-certificates.crt ${certificates}`,
      `ENV NODE_EXTRA_CA_CERTS=${certificates} SSL_CERT_FILE=${certificates}`,
      ...standIn.build(folder),
    ];
    writeFileSync(join(folder, "Dockerfile"), lines.join("\n"));
    execFileSync("docker", ["build", "--quiet", "--tag", image, folder], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function debianBase(extra: "redis-server" | "postgresql-15"): string {
  const [name, tag] =
    extra === "redis-server"
      ? ["debian-root-with-redis", "inngest-local/debian-stand-in"]
      : ["debian-root-with-postgresql", "inngest-local/debian-postgresql-stand-in"];
  if (succeeds("docker", "image", "inspect", tag)) return tag;
  const root = join(cache, name);
  if (!existsSync(root)) {
    mkdirSync(cache, { recursive: true });
    const draft = `${root}.draft`;
    rmSync(draft, { recursive: true, force: true });
    const packages = `--include=ca-certificates,tzdata,${extra}`;
    execFileSync("debootstrap", ["--variant=minbase", packages, "bookworm", draft], { stdio: "pipe" });
    renameSync(draft, root);
  }
  execFileSync("sh", ["-c", `tar -C "$1" -c . | docker import - ${tag}`, "sh", root], { stdio: "pipe" });
  return tag;
}
