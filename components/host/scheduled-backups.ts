import * as pulumi from "@pulumi/pulumi";
import { programHash } from "../../lib/runtime-files.ts";
import type { BackupSettings } from "../../lib/settings/backups.ts";
import { HostPart, type HostPartArgs } from "./host-service.ts";

export interface ScheduledBackupsArgs extends HostPartArgs, BackupSettings {
  /** Absolute folder of the backups. @default the platform's, one folder a stack */
  backupDir?: string | undefined;
  /** URL, with the event key, to which it posts a failed backup as `health/degraded`; secret. */
  alarmUrl: pulumi.Input<string>;
}

/**
 * A service of this machine that takes the stack's backups. It reads the stack's outputs, so it starts last. Backend
 * credentials and the passphrase come from a 0600 file written by the last `pulumi up`.
 */
export class ScheduledBackups extends HostPart {
  constructor(name: string, args: ScheduledBackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stack, dataDir, everySeconds, keep, backupDir, alarmUrl, supervision } = args;
    const schedule = pulumi.secret({ stack, everySeconds, keep, folder: backupDir, alarmUrl });
    super(
      "ScheduledBackups",
      name,
      {
        stack,
        service: "backup",
        dataDir,
        program: { kind: "node" },
        args: ["runtime/scheduled-backups.ts", { inDataDir: "backup/schedule.json" }],
        workingDirectory: ".",
        // Other sources restart it.
        environment: { SOURCE: programHash("runtime/scheduled-backups.ts") },
        files: schedule.apply((json) => [{ name: "schedule.json", json }]),
        passthroughEnv: credentials,
        listeners: [],
        supervision,
      },
      opts,
    );
  }
}

/**
 * Variables that Pulumi, Docker and kubectl read: backend, passphrase, secrets provider, engine, cluster and folders.
 */
const credentials = [
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
