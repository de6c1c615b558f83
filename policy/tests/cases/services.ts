import { unknown } from "../../resource.ts";
import { container, resource, service, soundPod, soundPodServer, soundServer, statefulSet } from "../resources.ts";
import type { Cases } from "./cases.ts";

/** Of the rules in ../../rules/services.ts. */
export const servicesCases: Cases = {
  "service-name": {
    breaks: [
      ["the server's name", service({ name: "inngest" }), ["metadata.name is inngest"]],
      [
        "a name that sets another port of the server",
        service({ name: "inngest-connect-gateway" }),
        ["metadata.name is inngest-connect-gateway"],
      ],
    ],
    keeps: [
      ["another name", service({ name: "inngest-svc" })],
      ["a name of Pulumi's", service({})],
      ["the same name on another kind", resource("kubernetes:apps/v1:Deployment", { metadata: { name: "inngest" } })],
    ],
  },
  "service-links": {
    breaks: [
      [
        "a server's pod without a word",
        statefulSet(soundPodServer, { ...soundPod, enableServiceLinks: undefined }),
        ["enableServiceLinks is not false in the pod of it"],
      ],
      [
        "a worker's pod with them",
        statefulSet(
          { image: "worker:1", env: [{ name: "INNGEST_BASE_URL", value: "http://a" }] },
          { enableServiceLinks: true },
        ),
        ["enableServiceLinks is not false in the pod of it"],
      ],
    ],
    keeps: [
      ["off", statefulSet(soundPodServer, soundPod)],
      ["not known yet", statefulSet(soundPodServer, { ...soundPod, enableServiceLinks: unknown })],
      ["a pod of something else", statefulSet({ image: "nginx:1.29.1" })],
      ["a container on Docker", container(soundServer)],
    ],
  },
  "node-port-range": {
    breaks: [
      [
        "the server's own port",
        service({ ports: [{ port: 8288, nodePort: 8288 }] }),
        ["nodePort is 8288, and the range is 30000 to 32767"],
      ],
      [
        "out of a cluster's own range",
        service({ ports: [{ port: 8288, nodePort: 30288 }] }),
        ["nodePort is 30288, and the range is 20000 to 22767"],
        { lowest: 20000, highest: 22767 },
      ],
    ],
    keeps: [
      ["in range", service({ ports: [{ port: 8288, nodePort: 30288 }] })],
      ["none", service({})],
      ["not known yet", service({ ports: [{ port: 8288, nodePort: unknown }] })],
    ],
  },
};
