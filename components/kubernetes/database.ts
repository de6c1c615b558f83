import * as pulumi from "@pulumi/pulumi";
import { pvcVolume, scratch, startupProbe } from "../../lib/render/restricted-pod.ts";
import {
  immutableSecret,
  persistentVolumeClaim,
  randomPassword,
  type StoreArgs,
  skipAwait,
  workload,
} from "./workload.ts";

/** User `postgres` of the official image; initdb needs a user with a name. */
const postgresUser = 999;

/** A single Postgres to get started; for a managed database set `postgresUrl`. */
export class ClusterDatabase extends pulumi.ComponentResource {
  /** `host:port` within the namespace. */
  public readonly address = "database:5432";
  /** URL within the namespace; secret, because it includes the password. */
  public readonly url: pulumi.Output<string>;

  constructor(name: string, args: StoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterDatabase", name, {}, opts);
    const scope = { name, part: "database", namespace: args.namespace, parent: this } as const;
    const password = randomPassword(scope).result;
    const environment = immutableSecret(scope, "environment", {
      POSTGRES_USER: "inngest",
      POSTGRES_DB: "inngest",
      POSTGRES_PASSWORD: password,
      PGDATA: "/data/postgres",
    });
    const claim = persistentVolumeClaim(scope, "database-data", args.storage);
    const ready = { exec: { command: ["pg_isready", "--quiet", "--host=127.0.0.1", "--dbname=inngest"] } };
    workload(scope, "postgres", {
      kind: "StatefulSet",
      // The servers wait for Postgres themselves. They depend on it only so that they stop first.
      metadata: { annotations: skipAwait },
      pod: {
        user: postgresUser,
        containers: [
          {
            name: "postgres",
            image: args.image,
            envFrom: [{ secretRef: { name: environment } }],
            ports: [{ name: "postgres", containerPort: 5432 }],
            // The image sets the password in a new data folder only; an adopted claim has an older password.
            lifecycle: { postStart: { exec: { command: ["bash", "-euc", setPassword] } } },
            startupProbe: startupProbe(ready),
            readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 5 },
            livenessProbe: { ...ready, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
            resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
            folders: [
              pvcVolume("data", "/data", claim),
              scratch("tmp", "/tmp"),
              scratch("sockets", "/var/run/postgresql"),
            ],
          },
        ],
      },
      service: { ports: { postgres: 5432 } },
      network: { ingress: [{ from: ["server", "migration", "janitor", "upkeep"], ports: [5432] }], egress: [] },
    });
    this.url = pulumi.secret(
      pulumi.interpolate`postgres://inngest:${password}@${this.address}/inngest?sslmode=disable`,
    );
    this.registerOutputs({ url: this.url });
  }
}

/** Waits for TCP, which the image opens only after its first setup; connects by socket, where its own user needs no password. */
const setPassword = [
  "until pg_isready --quiet --host=127.0.0.1 --dbname=inngest; do sleep 0.2; done",
  `psql --quiet --username=inngest --dbname=inngest <<'SQL'`,
  '\\set password `printf %s "$POSTGRES_PASSWORD"`',
  "alter role inngest password :'password';",
  "SQL",
].join("\n");
