import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { libpqVariables } from "../../lib/render/libpq.ts";
import { janitorJob, psqlContainer, workFolder } from "./janitor-job.ts";
import { networkPolicy, type Way } from "./network-policy.ts";
import { labelsOf, scratch } from "./pod.ts";
import { gateway, queue, upkeepNetwork } from "./upkeep.ts";

export interface ClusterUpkeepArgs {
  namespace: pulumi.Input<string>;
  /** Image with Node. */
  image: pulumi.Input<string>;
  /** Postgres image, which has psql and pg_dump. */
  postgresImage: pulumi.Input<string>;
  postgresUrl: pulumi.Input<string>;
  /** The servers' Redis, which knows the runs in flight. */
  redisUrl: pulumi.Input<string>;
  /** Days that what has ended is kept. @default for ever, without a janitor */
  days: number | undefined;
  /** Where events are posted, key and all: what the janitor warns of goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  /** Postgres or Redis is outside the namespace. */
  reachesOutside: boolean;
}

/**
 * What works on Postgres and Redis beside the servers: the janitor, a job every hour, one at a time; and what pods may do
 * that backup, restore and move make for a while.
 */
export class ClusterUpkeep extends pulumi.ComponentResource {
  /** Name of the Secret with the variables by which psql finds Postgres. */
  public readonly secret: pulumi.Output<string>;

  constructor(name: string, args: ClusterUpkeepArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ClusterUpkeep", name, {}, opts);
    const { namespace, reachesOutside, days } = args;
    const child = { parent: this };
    const variables = new k8s.core.v1.Secret(
      `${name}-environment`,
      {
        metadata: { namespace, labels: labelsOf("upkeep") },
        immutable: true,
        stringData: pulumi.secret(pulumi.output(args.postgresUrl).apply(libpqVariables)),
      },
      child,
    );
    this.secret = variables.metadata.name;
    const database: Way = { with: ["database"], ports: [5432] };
    upkeepNetwork(`${name}-network`, { namespace, reachesOutside, ways: [queue, database] }, child);
    if (days !== undefined) {
      const work = scratch("work", workFolder);
      const beside = psqlContainer({ postgresImage: args.postgresImage, secret: this.secret }, [work.mount]);
      const place = { database: { psql: workFolder }, mounts: [work.mount], volumes: [work.volume], beside };
      // The same objects by name as those of a component of its own that stacks from before this one have.
      const parent = pulumi.createUrn("janitor", "inngest-local:index:ClusterJanitor", opts?.parent);
      const once = (former: string) => ({ ...child, aliases: [{ name: former, parent }] });
      janitorJob(`${name}-janitor`, { ...args, days, place }, child, once("janitor-psql"));
      const out = reachesOutside ? "everywhere" : [queue, gateway, database];
      networkPolicy(`${name}-janitor-network`, "janitor", namespace, { in: [], out }, once("janitor-network"));
    }
    this.registerOutputs({});
  }
}
