import { unknown } from "../resource.ts";
import { workloadsOf } from "../workload.ts";
import type { Rule } from "./rule.ts";

export const loopbackPorts: Rule<{ allow: number[] }> = {
  name: "loopback-ports",
  description:
    "No port of server, worker, Redis or Postgres is open on every interface: port 8288 answers GraphQL, /mcp and /invoke " +
    "without a key, and ports that Docker publishes bypass the machine's firewall",
  remedy:
    "set ip: 127.0.0.1 (Docker) or hostIP: 127.0.0.1 (pods), and put a gateway with a password in front for others",
  level: "mandatory",
  settings: { allow: { type: "array", items: { type: "integer" }, default: [] } },
  check(resource, { allow }) {
    return workloadsOf(resource)
      .filter(({ role }) => role !== undefined)
      .flatMap(({ name, publishedPorts }) =>
        publishedPorts
          .filter(({ port, address }) => isEveryInterface(address) && !allow.some((allowed) => allowed === port))
          .map(({ port }) => `${port === "all" ? "every port" : `port ${String(port)}`} of ${name}`)
          .map((port) => `${port} is open on every interface`),
      );
  },
};

export const pinnedImage: Rule = {
  name: "pinned-image",
  description:
    "Every image is pinned: without a tag, or with a tag that moves, the next pull may bring a different version",
  remedy: "use a version tag, and the digest where the registry publishes one",
  level: "advisory",
  check(resource) {
    const images = [
      ...workloadsOf(resource).map(({ image }) => image),
      ...(resource.type === "docker:index/remoteImage:RemoteImage" ? [resource.properties.name] : []),
    ];
    return images
      .filter((image) => typeof image === "string" && !isPinned(image))
      .map((image) => `the image ${image} is not pinned`);
  },
};

function isEveryInterface(address: unknown): boolean {
  if (address === unknown) return false;
  return ["", "0.0.0.0", "::", "[::]"].includes((address as string | undefined) ?? "");
}

const movingTags = ["latest", "edge", "main", "master", "nightly", "stable"];

function isPinned(image: string): boolean {
  if (/@sha256:|^sha256:/.test(image)) return true;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag !== undefined && !movingTags.includes(tag);
}
