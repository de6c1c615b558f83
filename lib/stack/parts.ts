import type { Program } from "../host/spec.ts";
import type { SettingKey } from "../settings/schema.ts";
import type { Settings } from "../settings/settings.ts";

/** Every part that a stack may have, each after those that it needs. */
export const partNames = ["database", "queue", "server", "gateway", "worker", "janitor", "backup"] as const;
export type PartName = (typeof partNames)[number];

/** Where a part runs: as a process of this machine, in a container, or in pods. */
export type PlaceKind = "host" | "docker" | "kubernetes";

/** A port of 127.0.0.1 that a stack takes. */
export interface WantedPort {
  /** The setting that decides it. */
  setting: SettingKey;
  port: number;
  /** The program listens on every interface, whatever it is configured to do. */
  everyInterface?: boolean;
}

/** Something that a stack runs. */
export interface Part {
  name: PartName;
  place: PlaceKind;
  /** Image that it runs; `undefined` for a host process, and for an image that the stack builds. */
  image?: WantedImage | undefined;
  /** Program that must be installed on this machine. */
  program?: Program;
  ports: WantedPort[];
  /** Ports at which a setting exposes it to other machines. @default none */
  exposedPorts?: number[];
  /** What it keeps across a restart. @default nothing */
  keeps?: "history" | "queue" | "claims" | undefined;
  /** Containers call this host process, so on Linux it also listens at the address of Docker's bridge. */
  onDockerBridge?: boolean;
}

export interface WantedImage {
  /** The setting that names it. */
  setting: SettingKey;
  image: string;
}

/** Settings of a stack without the values of its secrets, of which only the presence counts here. */
export type PlainSettings = Omit<Settings, "worker" | "redisUrl" | "postgresUrl" | "keys"> & {
  worker: Omit<Settings["worker"], "variables">;
  redisUrl?: unknown;
  postgresUrl?: unknown;
};

/** Port after `port` at which a queue in Docker is published for a worker on this machine. */
export const queuePortOffset = 2;

/**
 * Every part of a stack with these settings, each after those that it needs. A Redis, a Postgres or an app that users run
 * themselves is no part of it.
 */
export function partsOf(settings: PlainSettings): Part[] {
  const place = placeOfTier[settings.tier];
  return [
    ...(settings.tier === "cluster" && !settings.postgresUrl ? [databaseOf(settings)] : []),
    ...(wantsQueue(settings) ? [queueOf(settings, place)] : []),
    serverOf(settings, place),
    ...(place === "host" ? [] : [gatewayOf(settings, place)]),
    ...(settings.worker.runtime === "external" ? [] : [workerOf(settings, place, settings.worker.runtime)]),
    ...(settings.retention !== undefined && keepsHistory(settings) ? [janitorOf(settings, place)] : []),
    ...(settings.backups ? [{ name: "backup" as const, place: "host" as const, ports: [] }] : []),
  ];
}

/** Place of the server, and of what has to be near it. */
const placeOfTier = { process: "host", docker: "docker", kubernetes: "kubernetes", cluster: "kubernetes" } as const;

/** Whether the stack is to have a Redis of its own. One of the process tier also needs the program on this machine. */
export function wantsQueue({ tier, durable, redisUrl }: Pick<PlainSettings, "tier" | "durable" | "redisUrl">): boolean {
  return redisUrl === undefined && (durable || placeOfTier[tier] === "kubernetes");
}

/** Whether the history outlives the server. */
function keepsHistory({ tier, durable }: PlainSettings): boolean {
  return tier !== "docker" || durable;
}

function databaseOf({ databaseImage: image }: PlainSettings): Part {
  return {
    name: "database",
    place: "kubernetes",
    image: { setting: "databaseImage", image },
    ports: [],
    keeps: "history",
  };
}

function queueOf({ port, worker, queueImage: image }: PlainSettings, place: PlaceKind): Part {
  if (place === "host") return { name: "queue", place, ports: [], keeps: "queue" };
  const isPublished = place === "docker" && worker.placement === "host" && worker.runtime !== "external";
  const ports: WantedPort[] = isPublished ? [{ setting: "port", port: port + queuePortOffset }] : [];
  return { name: "queue", place, image: { setting: "queueImage", image }, ports, keeps: "queue" };
}

function serverOf(settings: PlainSettings, place: PlaceKind): Part {
  const { tier, port, serverBinary: binary, serverImage: image } = settings;
  if (place !== "host") {
    const keeps = tier !== "cluster" && keepsHistory(settings) ? "history" : undefined;
    return { name: "server", place, image: { setting: "serverImage", image }, ports: [], keeps };
  }
  const ports = [0, 1, 2, 3].map((offset): WantedPort => {
    const isConnects = offset > 0;
    return { setting: "port", port: port + offset, ...(isConnects && { everyInterface: true }) };
  });
  return { name: "server", place, program: { kind: "inngest", binary }, ports, keeps: "history" };
}

function gatewayOf({ port, gateway, kubernetes }: PlainSettings, place: PlaceKind): Part {
  const { image, publicName } = gateway;
  const endsTls = publicName && publicName.tls !== "elsewhere";
  return {
    name: "gateway",
    place,
    image: { setting: "gatewayImage", image },
    ports: place === "docker" ? [{ setting: "port", port }] : [],
    exposedPorts: [
      ...(endsTls ? [Number(new URL(publicName.url).port || 443)] : []),
      ...(kubernetes?.exposure === "nodePort" ? [kubernetes.nodePort] : []),
    ],
  };
}

function workerOf({ worker, durable }: PlainSettings, place: PlaceKind, kind: "node" | "bun"): Part {
  const ports: WantedPort[] = [{ setting: "workerPort", port: worker.port }];
  if (worker.placement === "host") {
    const onDockerBridge = place !== "host" && worker.transport === "serve";
    return { name: "worker", place: "host", program: { kind }, ports, keeps: "claims", onDockerBridge };
  }
  if (place === "docker") return { name: "worker", place, ports, keeps: durable ? "claims" : undefined };
  const image = worker.image ? { setting: "workerImage" as const, image: worker.image } : undefined;
  return { name: "worker", place, image, ports: [] };
}

function janitorOf({ upkeepImage: image }: PlainSettings, place: PlaceKind): Part {
  return { name: "janitor", place, image: place === "host" ? undefined : { setting: "upkeepImage", image }, ports: [] };
}
