import { ask, getObjects, type Target } from "../../lib/places/kubectl.ts";
import { type KubernetesNeeds, kubernetesProblems } from "../../lib/places/kubernetes-cluster.ts";
import { namespaceOf, selectorText } from "../../lib/stack/kubernetes-names.ts";
import { preflightSpec } from "../../lib/stack/preflight-spec.ts";
import { broken, type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";

/** What `up` creates in a cluster, as `kubectl auth can-i` calls it. */
const created = [
  "statefulsets.apps",
  "deployments.apps",
  "services",
  "secrets",
  "persistentvolumeclaims",
  "networkpolicies.networking.k8s.io",
];
/** The oldest version whose API has everything that is used (autoscaling/v2, policy/v1). */
const minMinor = 25;

/** What the Kubernetes tiers need of their cluster. */
export function kubernetesChecks({ stack }: DoctorContext): DoctorCheck[] {
  const { kubernetes: needs } = preflightSpec(stack.settings);
  if (!needs) return [];
  if (!needs.context) {
    const unset = broken(
      "`kubeContext` is not set",
      `npm run pulumi -- config set kubeContext NAME --stack ${stack.name}, one of \`kubectl config get-contexts\``,
    );
    return [{ id: "kubernetes", run: async () => unset }];
  }
  const target = { context: needs.context, kubeconfig: needs.kubeconfig, namespace: namespaceOf(stack.name) };
  return [
    { id: "kubernetes", run: () => cluster(needs) },
    { id: "permissions", run: () => permissions(target) },
    { id: "service-links", run: () => serviceLinks(target) },
  ];
}

async function cluster(needs: KubernetesNeeds): Promise<DoctorOutcome> {
  const [problem] = await kubernetesProblems(needs);
  if (problem) throw problem;
  const { serverVersion } = JSON.parse(await ask(needs, ["version", "--output", "json"])) as {
    serverVersion: { gitVersion: string; minor: string };
  };
  const storageClass = needs.storageClass ?? "of the cluster's default";
  const seen = `Kubernetes ${serverVersion.gitVersion}, context ${needs.context}, storage class ${storageClass}`;
  if (Number.parseInt(serverVersion.minor, 10) >= minMinor) return ok(seen);
  return warning(`${seen}; older than 1.${minMinor}, which lacks APIs that are used`, "update the cluster");
}

async function permissions(target: Target & { namespace: string }): Promise<DoctorOutcome> {
  const may = async (resource: string) =>
    (await ask(target, ["auth", "can-i", "create", resource]).catch(() => "no")).startsWith("yes");
  const wanted = ["namespaces", ...created];
  const answers = await Promise.all(wanted.map(may));
  const refused = wanted.filter((_, index) => !answers[index]).map((resource) => `create ${resource}`);
  if (refused.length === 0) return ok(`may create what the tier has in namespace ${target.namespace}`);
  return broken(
    `may not ${refused.join(", ")}`,
    "ask for a role that may, such as cluster-admin, or set another context",
  );
}

async function serviceLinks(target: Target & { namespace: string }): Promise<DoctorOutcome> {
  const { context, namespace } = target;
  const service = await ask(target, ["get", "service", "inngest", "--ignore-not-found", "--output", "name"]);
  if (service === "") return ok(`no Service named inngest in namespace ${namespace}`);
  return broken(
    `a Service named inngest is in namespace ${namespace}: Kubernetes sets INNGEST_PORT in every pod of the namespace, and a server takes its port from that`,
    `kubectl --context ${context} --namespace ${namespace} delete service inngest; give it another name`,
  );
}

/** Whether the server's folder is on a claim. */
export async function claims({ stack }: DoctorContext): Promise<DoctorOutcome> {
  interface Pod {
    spec: {
      containers: { volumeMounts?: { name: string; mountPath: string }[] }[];
      volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
    };
  }
  const { context = "", kubeconfig } = stack.settings.kubernetes ?? {};
  const target = { context, kubeconfig, namespace: namespaceOf(stack.name) };
  const [pod] = await getObjects<Pod>(target, ["pods", "--selector", selectorText("server")]);
  if (!pod) return broken("no pod of the server exists", "npm start, or kubectl get events says why");
  const mount = pod.spec.containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .find(({ mountPath }) => mountPath === "/data");
  const claim = pod.spec.volumes?.find(({ name }) => name === mount?.name)?.persistentVolumeClaim;
  if (claim) return ok(`the server's /data is on claim ${claim.claimName}`);
  return broken(
    "the server's /data is on no claim: history goes with the pod",
    "npm start, which mounts the claim again",
  );
}
