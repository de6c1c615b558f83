/**
 * The package's public API, for other Pulumi programs: the Docker components. Those that run processes on this machine call
 * scripts of a checkout, and the Kubernetes ones depend on a namespace and names of this project's own stacks.
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
