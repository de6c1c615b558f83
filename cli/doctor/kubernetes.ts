import type { Target } from "../../lib/places/kubectl.ts";
import { kubectlSays, kubernetesProblems } from "../../lib/places/kubernetes-cluster.ts";
import { namespaceOf } from "../../lib/stack/kubernetes-names.ts";
import { broken, brokenBy, type DoctorCheck, ok, type Patient, warning } from "./outcome.ts";

/** What `up` makes in a cluster, in the words of `kubectl auth can-i`. */
const needed = [
  "statefulsets.apps",
  "deployments.apps",
  "services",
  "secrets",
  "persistentvolumeclaims",
  "networkpolicies.networking.k8s.io",
];
/** The oldest version whose API has everything that is used (autoscaling/v2, policy/v1). */
const leastMinor = 25;

/** What the Kubernetes tiers need of their cluster. */
export function kubernetesChecks({ stack, settings, outputs }: Patient): DoctorCheck[] {
  const { tier, kubeContext, kubeconfig, storageClass, redisUrl, postgresUrl, autoscaler } = settings;
  if (!kubeContext) {
    const unset = broken(
      "`kubeContext` is not set",
      `npm run pulumi -- config set kubeContext NAME --stack ${stack}, one of \`kubectl config get-contexts\``,
    );
    return [{ id: "kubernetes", run: async () => unset }];
  }
  const target: Target = { context: kubeContext, kubeconfig };
  const namespace = namespaceOf(stack);
  const needs = {
    ...target,
    storageClass,
    needsStorage: tier === "kubernetes" || !(redisUrl && postgresUrl),
    keda: tier === "cluster" && autoscaler === "keda",
  };
  return [
    {
      id: "kubernetes",
      async run() {
        const [problem] = await kubernetesProblems(needs);
        if (problem) return brokenBy(problem);
        const { serverVersion } = JSON.parse(await kubectlSays(target, "version", "--output", "json")) as {
          serverVersion: { gitVersion: string; minor: string };
        };
        const seen = `Kubernetes ${serverVersion.gitVersion}, context ${kubeContext}, storage class ${storageClass ?? "of the cluster's default"}`;
        if (Number.parseInt(serverVersion.minor, 10) >= leastMinor) return ok(seen);
        return warning(`${seen}; older than 1.${leastMinor}, which lacks APIs that are used`, "update the cluster");
      },
    },
    {
      id: "permissions",
      async run() {
        const may = async (...what: string[]) =>
          (await kubectlSays(target, "auth", "can-i", ...what).catch(() => "no")).startsWith("yes");
        const all = needed.map(async (kind) =>
          (await may("create", kind, "--namespace", namespace)) ? [] : [`create ${kind}`],
        );
        const refused = [
          ...((await may("create", "namespaces")) ? [] : ["create namespaces"]),
          ...(await Promise.all(all)).flat(),
        ];
        if (refused.length === 0) return ok(`may create what the tier has in namespace ${namespace}`);
        return broken(
          `may not ${refused.join(", ")}`,
          "ask for a role that may, such as cluster-admin, or another context",
        );
      },
    },
    {
      id: "service-links",
      async run() {
        const service = await kubectlSays(
          target,
          "--namespace",
          namespace,
          "get",
          "service",
          "inngest",
          "--ignore-not-found",
          "--output",
          "name",
        );
        if (service === "") return ok(`no Service named inngest in namespace ${namespace}`);
        return broken(
          `a Service named inngest is in namespace ${namespace}: Kubernetes sets INNGEST_PORT in every pod beside it, and a server takes its port from that`,
          `kubectl --context ${kubeContext} --namespace ${namespace} delete service inngest; give it another name`,
        );
      },
    },
    ...(outputs && tier === "kubernetes" ? [claims(target, namespace)] : []),
  ];
}

function claims(target: Target, namespace: string): DoctorCheck {
  return {
    id: "data",
    async run() {
      interface Pod {
        spec: {
          containers: { volumeMounts?: { name: string; mountPath: string }[] }[];
          volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
        };
      }
      const selector = "app.kubernetes.io/component=server";
      const said = await kubectlSays(
        target,
        "--namespace",
        namespace,
        "get",
        "pods",
        "--selector",
        selector,
        "--output",
        "json",
      );
      const [pod] = (JSON.parse(said) as { items: Pod[] }).items;
      if (!pod) return broken("no pod of the server is there", "npm start, or kubectl get events says why");
      const mount = pod.spec.containers
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .find(({ mountPath }) => mountPath === "/data");
      const claim = pod.spec.volumes?.find(({ name }) => name === mount?.name)?.persistentVolumeClaim;
      if (claim) return ok(`the server's /data is on claim ${claim.claimName}`);
      return broken(
        "the server's /data is on no claim: history goes with the pod",
        "npm start, which puts the claim back",
      );
    },
  };
}
