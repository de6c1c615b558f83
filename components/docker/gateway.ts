import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { gatewayPorts, type PublicName, renderCaddyfile } from "../../lib/render/caddyfile.ts";
import type { ExposedRoutes } from "../../lib/render/routes.ts";
import { drainFolder, drainMarkers } from "../../lib/render/server-script.ts";
import type { GatewaySettings } from "../../lib/settings/gateway.ts";
import { dockerNames } from "../../lib/stack/docker-names.ts";
import { hardened, replaceInsteadOfUpdate, writableScratch } from "./hardening.ts";
import { volumeWithOwner } from "./volume-with-owner.ts";

export interface DockerGatewayArgs extends GatewaySettings, ExposedRoutes {
  /** Names container, volume and labels. */
  stack: string;
  /** Port on 127.0.0.1 of this machine. */
  port: number;
  /** Name of the network that the server is in too. */
  network: pulumi.Input<string>;
  /** Volume with the server's drain markers: `DockerServer.drainVolume`. */
  drainVolume: pulumi.Input<string>;
  /** Start again with Docker. */
  durable: boolean;
  /** Keep the certificates when the stack is destroyed. @default true */
  protectData?: boolean;
}

/**
 * Caddy in front of the server, which is reached in no other way. Requests that need no key need the password.
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
 *   drainVolume: server.drainVolume,
 *   dashboard: true,
 *   connect: false,
 *   durable: true,
 * });
 * export const dashboardPassword = gateway.password;
 * ```
 */
export class DockerGateway extends pulumi.ComponentResource {
  public readonly containerId: pulumi.Output<string>;
  /** Password of user `admin`; secret. */
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
        drainMarkers,
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
          // The image's binary carries this capability, and does not start where it is not allowed.
          capabilities: ["CAP_NET_BIND_SERVICE"],
          scratch: acme ? {} : { "/data": writableScratch(16) },
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
          { volumeName: args.drainVolume, containerPath: drainFolder, readOnly: true },
          ...(acme
            ? [{ volumeName: volumeWithOwner(`${name}-certificates`, certificates, this), containerPath: "/data" }]
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
      { parent: this, ...replaceInsteadOfUpdate },
    );
    this.containerId = container.id;
    this.password = pulumi.secret(password.result);
    this.registerOutputs({ containerId: this.containerId, password: this.password });
  }
}

/** Writes the file into memory, because the engine cannot upload to a read-only root. */
const startScript = [
  "printf '%s' \"$CADDYFILE\" > /tmp/Caddyfile",
  "exec caddy run --config /tmp/Caddyfile --adapter caddyfile",
].join("\n");

/** Path of each of the certificate's files on this machine, and in the container. */
function certificateFiles(name: PublicName | undefined): [string, string][] {
  if (typeof name?.tls !== "object" || "acme" in name.tls) return [];
  return [
    [name.tls.certificate, "/certificate/certificate.pem"],
    [name.tls.key, "/certificate/key.pem"],
  ];
}

/** The name with the paths that its certificate has in the container. */
function inContainer(name: PublicName | undefined): PublicName | undefined {
  const [certificate, key] = certificateFiles(name).map(([, path]) => path);
  return name && certificate && key ? { ...name, tls: { certificate, key } } : name;
}
