import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { hourlyJob } from "../kubernetes/hourly-job.ts";
import { networkPolicy } from "../kubernetes/network-policy.ts";
import { labelsOf, restrictedContainer, restrictedPod } from "../kubernetes/pod.ts";
import { libpqVariables, retentionSql } from "./retention-sql.ts";

export interface ClusterJanitorArgs {
  namespace: pulumi.Input<string>;
  /** Postgres image, which has psql. */
  image: pulumi.Input<string>;
  postgresUrl: pulumi.Input<string>;
  /** Days that what has ended is kept. */
  days: number;
  /** Postgres is outside the namespace. */
  reachesOutside: boolean;
}

/** User `nobody`: psql keeps nothing and needs no name. */
const user = 65534;

/** Keeps the history in Postgres as long as the stack says: a job every hour, one at a time. */
export class ClusterJanitor extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterJanitorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterJanitor", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const labels = labelsOf("janitor");
    const secret = new k8s.core.v1.Secret(
      `${name}-environment`,
      {
        metadata: { namespace, labels },
        immutable: true,
        stringData: pulumi.secret(
          pulumi.output(args.postgresUrl).apply((url) => ({ ...libpqVariables(url), SQL: retentionSql(args.days) })),
        ),
      },
      child,
    );
    hourlyJob(
      `${name}-psql`,
      "janitor",
      namespace,
      {
        ...restrictedPod(user),
        containers: [
          {
            ...restrictedContainer,
            name: "psql",
            image: args.image,
            // By standard input: neither the address nor the work is on a command line.
            command: ["bash", "-euc", 'printf "%s" "$SQL" | psql --quiet --no-psqlrc'],
            envFrom: [{ secretRef: { name: secret.metadata.name } }],
            resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
          },
        ],
      },
      child,
    );
    networkPolicy(
      `${name}-network`,
      "janitor",
      namespace,
      { in: [], out: args.reachesOutside ? "everywhere" : [{ with: ["database"], ports: [5432] }] },
      child,
    );
    this.registerOutputs({});
  }
}
