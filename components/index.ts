/**
 * What another Pulumi program may use of this project: `npm install` it, and import these by its name. The components that
 * run processes on the host are not among them, because their scripts belong to a checkout of this project.
 */

export { servePath } from "../lib/inngest/serve-path.ts";
export type { PublicName } from "../lib/render/caddyfile.ts";
export { type ServerOptions, serverEnvironment } from "../lib/render/server-options.ts";
export type { Profile } from "../lib/settings/profile.ts";
export { dockerNames } from "../lib/stack/docker-names.ts";
export type { ServerKeys, WorkerKeys } from "../lib/stack/key-rotation.ts";
export { DockerGateway, type DockerGatewayArgs } from "./docker/gateway.ts";
export { DockerQueue, type DockerQueueArgs } from "./docker/queue.ts";
export { DockerServer, type DockerServerArgs } from "./docker/server.ts";
export { DockerWorker, type DockerWorkerArgs } from "./docker/worker.ts";
export type { Keys } from "./endpoints.ts";
export { SigningKeys, type SigningKeysArgs } from "./signing-keys.ts";
export { appEnvironment } from "./worker-environment.ts";
