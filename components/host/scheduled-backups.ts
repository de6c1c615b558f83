import * as pulumi from "@pulumi/pulumi";
import type { Supervision } from "../../lib/host/supervisors/index.ts";
import { programHash } from "../../lib/runtime-files.ts";
import type { BackupSettings } from "../../lib/settings/backups.ts";
import type { Supervised } from "../../lib/stack/durability.ts";
import { HostService } from "./host-service.ts";

export interface ScheduledBackupsArgs extends BackupSettings {
  stack: string;
  dataDir?: string | undefined;
  /** Absolute folder of the backups. @default the platform's, one folder a stack */
  backupDir?: string | undefined;
  /** Where events are posted, key and all: a backup that fails goes there as `health/degraded`. */
  alarmUrl: pulumi.Input<string>;
  supervision: Supervision;
}

/**
 * Takes the stack's backups as a service of this machine, by the project's own command. What that command finds the
 * state by, such as a passphrase, is read from a 0600 file that whoever runs `pulumi up` leaves beside it.
 */
export class ScheduledBackups extends pulumi.ComponentResource {
  /** Which supervisor it got, and what it survives and what not. */
  public readonly supervised: pulumi.Output<Supervised>;

  constructor(name: string, args: ScheduledBackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:ScheduledBackups", name, {}, opts);
    const { stack, dataDir, everySeconds, keep, backupDir, alarmUrl, supervision } = args;
    const schedule = pulumi.secret(pulumi.jsonStringify({ stack, everySeconds, keep, folder: backupDir, alarmUrl }));
    const service = new HostService(
      name,
      {
        stack,
        service: "backup",
        dataDir,
        program: { kind: "node" },
        args: ["runtime/scheduled-backups.ts", "${dataDir}/backup/schedule.json"],
        workingDirectory: ".",
        // Another source is another start.
        environment: { SOURCE: programHash("runtime/scheduled-backups.ts") },
        files: schedule.apply((content) => [{ name: "schedule.json", content }]),
        inherits: interactive,
        listeners: [],
        supervision,
      },
      { parent: this },
    );
    this.supervised = service.supervised;
    this.registerOutputs({ supervised: this.supervised });
  }
}

/** What a person's command goes by: Pulumi's backend, passphrase or secrets provider, Docker's engine, the cluster, and folders. */
const interactive = [
  "PULUMI_ACCESS_TOKEN",
  "PULUMI_BACKEND_URL",
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_CONFIG_PASSPHRASE_FILE",
  "PULUMI_HOME",
  "AWS_*",
  "AZURE_*",
  "GOOGLE_*",
  "VAULT_*",
  "DOCKER_*",
  "KUBECONFIG",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
];
