import { unknown } from "../../resource.ts";
import {
  bareKey,
  container,
  resource,
  soundPod,
  soundPodServer,
  soundQueue,
  soundServer,
  soundWorker,
  statefulSet,
} from "../resources.ts";
import type { Cases } from "./cases.ts";

/** For the rules in ../../rules/surface.ts. */
export const surfaceCases: Cases = {
  "loopback-ports": {
    rejects: [
      [
        "a port without an address",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288 }] }),
        ["port 8288 of it is open on every interface"],
      ],
      [
        "every IPv6 address",
        container({ ...soundQueue, ports: [{ internal: 6379, external: 6380, ip: "::" }] }),
        ["port 6380 of it is open on every interface"],
      ],
      [
        "publishAllPorts",
        container({ ...soundServer, ports: [], publishAllPorts: true }),
        ["every port of it is open on every interface"],
      ],
      [
        "the host network on Docker",
        container({ ...soundServer, ports: [], networkMode: "host" }),
        ["every port of it is open on every interface"],
      ],
      [
        "a hostPort",
        statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288, hostPort: 8288 }] }, soundPod),
        ["port 8288 of it is open on every interface"],
      ],
      [
        "the host network in a pod",
        statefulSet(soundPodServer, { ...soundPod, hostNetwork: true }),
        ["every port of it is open on every interface"],
      ],
    ],
    accepts: [
      ["a loopback address", container(soundServer)],
      [
        "a single address of the machine",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: "192.0.2.7" }] }),
      ],
      ["an unknown address", container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: unknown }] })],
      ["a gateway", container({ image: "caddy:2.10.2", ports: [{ internal: 443, external: 443 }] })],
      ["a pod's containerPort", statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288 }] }, soundPod)],
      [
        "an allowed port",
        container({ ...soundWorker, ports: [{ internal: 3111, external: 3111 }] }),
        { allow: [3111] },
      ],
    ],
  },
  "pinned-image": {
    rejects: [
      ["an image without a tag", container({ image: "inngest/inngest" }), ["the image inngest/inngest is not pinned"]],
      [
        "a moving tag",
        container({ image: "inngest/inngest:latest" }),
        ["the image inngest/inngest:latest is not pinned"],
      ],
      [
        "an image without a tag from a registry with a port",
        resource("docker:index/remoteImage:RemoteImage", { name: "registry.example:5000/inngest" }),
        ["the image registry.example:5000/inngest is not pinned"],
      ],
      ["a moving tag in a pod", statefulSet({ image: "redis:latest" }), ["the image redis:latest is not pinned"]],
    ],
    accepts: [
      ["a version tag", container(soundServer)],
      ["a digest", container({ image: `inngest/inngest@sha256:${bareKey}` })],
      ["an image ID", container({ image: `sha256:${bareKey}` })],
      ["an unknown image", container({ image: unknown })],
      ["a version tag in a pod", statefulSet(soundPodServer, soundPod)],
    ],
  },
};
