import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { gatewayPorts, type PublicName, renderCaddyfile } from "../../lib/render/caddyfile.ts";
import { doorFolder, stopSigns } from "../../lib/render/server-script.ts";
import type { GatewaySettings } from "../../lib/settings/gateway.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { hardened, ownScratch, replacedWhole } from "./hardening.ts";
import { ownedVolume } from "./owned-volume.ts";

export interface DockerGatewayArgs extends GatewaySettings {
  /** Names container, volume and labels. */
  stack: string;
  /** Port on 127.0.0.1 of this machine. */
  port: number;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Volume by which the server tells whether it takes events. */
  doorVolume: pulumi.Input<string>;
  /** Let the dashboard and GraphQL pass. */
  dashboard: boolean;
  /** Let workers pass that open a connection. */
  connect: boolean;
  /** Come back when Docker does. */
  durable: boolean;
  /** Keep certificates when the stack is destroyed. @default true */
  protectData?: boolean;
}

/**
 * Caddy as the only way to the server: what has no key of its own needs the password.
 *
 * @example
 * ```ts
 * const gateway = new DockerGateway("gateway", {
 *   stack: "orders",
 *   image: "caddy:2.11.9-alpine",
 *   publicName: undefined,
 *   listen: "127.0.0.1",
 *   port: 9288,
 *   network,
 *   doorVolume: server.doorVolume,
 *   dashboard: true,
 *   connect: false,
 *   durable: true,
 * });
 * export const dashboardPassword = gateway.password;
 * ```
 */
export class DockerGateway extends pulumi.ComponentResource {
  /** Id of the container. */
  public readonly containerId: pulumi.Output<string>;
  /** Of user `admin`; secret. */
  public readonly password: pulumi.Output<string>;

  constructor(name: string, args: DockerGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("inngest-local:index:DockerGateway", name, {}, opts);
    const { stack, publicName, durable, protectData } = args;
    const names = dockerNames(stack);
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const image = new docker.RemoteImage(`${name}-image`, { name: args.image, keepLocally: true }, { parent: this });
    const caddyfile = password.bcryptHash.apply((passwordHash) =>
      renderCaddyfile({
        server: names.server,
        signs: stopSigns,
        names: [names.gateway],
        publicName: inContainer(publicName),
        passwordHash,
        dashboard: args.dashboard,
        connect: args.connect,
      }),
    );
    const acme = typeof publicName?.tls === "object" && "acme" in publicName.tls;
    const certificates = { stack, volume: names.certificates, image: image.imageId, protectData };
    const container = new docker.Container(
      `${name}-caddy`,
      {
        ...hardened({
          stack,
          memory: 256,
          cpuShares: 1024,
          // The image's program has this capability as a file, and does not start where it may not have it.
          capabilities: ["CAP_NET_BIND_SERVICE"],
          scratch: acme ? {} : { "/data": ownScratch(16) },
        }),
        name: names.gateway,
        image: image.imageId,
        command: ["sh", "-euc", startScript],
        envs: caddyfile.apply((text) => ["XDG_CONFIG_HOME=/tmp", "XDG_DATA_HOME=/data", `CADDYFILE=${text}`]),
        ports: [
          { internal: gatewayPorts.http, external: args.port, ip: "127.0.0.1" },
          ...(publicName && publicName.tls !== "elsewhere"
            ? [{ internal: gatewayPorts.https, external: Number(new URL(publicName.url).port || 443), ip: args.listen }]
            : []),
        ],
        volumes: [
          { volumeName: args.doorVolume, containerPath: doorFolder, readOnly: true },
          ...(acme
            ? [{ volumeName: ownedVolume(`${name}-certificates`, certificates, this), containerPath: "/data" }]
            : []),
          ...certificateFiles(publicName).map(([hostPath, containerPath]) => ({
            hostPath,
            containerPath,
            readOnly: true,
          })),
        ],
        networksAdvanced: [{ name: args.network }],
        restart: durable ? "unless-stopped" : "no",
        healthcheck: {
          tests: ["CMD-SHELL", `wget -q -O /dev/null http://127.0.0.1:${gatewayPorts.ready}/`],
          interval: "10s",
          timeout: "5s",
          retries: 3,
        },
      },
      { parent: this, ...replacedWhole },
    );
    this.containerId = container.id;
    this.password = pulumi.secret(password.result);
    this.registerOutputs({ containerId: this.containerId, password: this.password });
  }
}

/** Into memory: a root that is read-only takes no file from the engine. */
const startScript = [
  "printf '%s' \"$CADDYFILE\" > /tmp/Caddyfile",
  "exec caddy run --config /tmp/Caddyfile --adapter caddyfile",
].join("\n");

/** The certificate's files on this machine, and where the container has them. */
function certificateFiles(name: PublicName | undefined): [string, string][] {
  if (typeof name?.tls !== "object" || "acme" in name.tls) return [];
  return [
    [name.tls.certificate, "/certificate/certificate.pem"],
    [name.tls.key, "/certificate/key.pem"],
  ];
}

function inContainer(name: PublicName | undefined): PublicName | undefined {
  const [certificate, key] = certificateFiles(name).map(([, path]) => path);
  return name && certificate && key ? { ...name, tls: { certificate, key } } : name;
}
