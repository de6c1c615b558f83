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

/** Of the rules in ../../rules/surface.ts. */
export const surfaceCases: Cases = {
  "loopback-ports": {
    breaks: [
      [
        "the provider's default",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288 }] }),
        ["port 8288 of it is open everywhere"],
      ],
      [
        "every address of version 6",
        container({ ...soundQueue, ports: [{ internal: 6379, external: 6380, ip: "::" }] }),
        ["port 6380 of it is open everywhere"],
      ],
      [
        "every port",
        container({ ...soundServer, ports: [], publishAllPorts: true }),
        ["every port of it is open everywhere"],
      ],
      [
        "the host's network",
        container({ ...soundServer, ports: [], networkMode: "host" }),
        ["every port of it is open everywhere"],
      ],
      [
        "a node's port",
        statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288, hostPort: 8288 }] }, soundPod),
        ["port 8288 of it is open everywhere"],
      ],
      [
        "a node's network",
        statefulSet(soundPodServer, { ...soundPod, hostNetwork: true }),
        ["every port of it is open everywhere"],
      ],
    ],
    keeps: [
      ["loopback", container(soundServer)],
      [
        "one address of the machine",
        container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: "192.0.2.7" }] }),
      ],
      ["not known yet", container({ ...soundServer, ports: [{ internal: 8288, external: 8288, ip: unknown }] })],
      ["a gateway", container({ image: "caddy:2.10.2", ports: [{ internal: 443, external: 443 }] })],
      ["a pod's own port", statefulSet({ ...soundPodServer, ports: [{ containerPort: 8288 }] }, soundPod)],
      ["allowed", container({ ...soundWorker, ports: [{ internal: 3111, external: 3111 }] }), { allow: [3111] }],
    ],
  },
  "pinned-image": {
    breaks: [
      ["no tag", container({ image: "inngest/inngest" }), ["the image is inngest/inngest"]],
      ["a tag that moves", container({ image: "inngest/inngest:latest" }), ["the image is inngest/inngest:latest"]],
      [
        "a registry's port is no tag",
        resource("docker:index/remoteImage:RemoteImage", { name: "registry.example:5000/inngest" }),
        ["the image is registry.example:5000/inngest"],
      ],
      ["a pod's", statefulSet({ image: "redis:latest" }), ["the image is redis:latest"]],
    ],
    keeps: [
      ["a version", container(soundServer)],
      ["a digest", container({ image: `inngest/inngest@sha256:${bareKey}` })],
      ["an image's id", container({ image: `sha256:${bareKey}` })],
      ["not known yet", container({ image: unknown })],
      ["a pod's version", statefulSet(soundPodServer, soundPod)],
    ],
  },
};
