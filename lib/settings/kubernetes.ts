import type { IngressArgs } from "../../components/kubernetes/entrance.ts";

export const exposures = ["port-forward", "nodePort", "ingress"] as const;
export const autoscalers = ["cpu", "keda"] as const;

/** What only the Kubernetes tiers ask for. */
export interface KubernetesSettings {
  context: string;
  kubeconfig: string | undefined;
  exposure: (typeof exposures)[number];
  nodePort: number;
  ingress: IngressArgs | undefined;
  storageSize: string;
  storageClass: string | undefined;
  replicas: number;
  autoscaler: (typeof autoscalers)[number];
  maxWorkers: number;
}

type Key =
  | "kubeContext"
  | "kubeconfig"
  | "exposure"
  | "nodePort"
  | "ingress"
  | "storageSize"
  | "storageClass"
  | "replicas"
  | "autoscaler"
  | "maxWorkers"
  | "workerPlacement"
  | "workerImage"
  | "runtime"
  | "transport";

/** components/settings.ts' ways to read a setting; each notes a problem and returns something of the right type. */
export interface Readers {
  optional(key: Key): string | undefined;
  choice<const T extends string>(key: Key, allowed: readonly T[]): T;
  whole(key: Key, lowest: number, highest: number): number;
  absolutePath(key: Key): string | undefined;
  reject(key: Key, rule: string, remedy: string): void;
  problems: string[];
}

export function readKubernetesSettings(
  tier: "kubernetes" | "cluster",
  stack: string,
  { optional, choice, whole, absolutePath, reject, problems }: Readers,
): KubernetesSettings {
  const context = optional("kubeContext");
  if (context === undefined) {
    const remedy = "Remedy: pulumi config set kubeContext NAME, with one of `kubectl config get-contexts`";
    problems.push(
      `\`kubeContext\` must be set on tier ${tier}: the current context may be another cluster's. ${remedy}`,
    );
  }
  const exposure = choice("exposure", tier === "cluster" ? ["port-forward", "ingress"] : exposures);
  const storageSize = optional("storageSize") ?? "";
  if (!/^[1-9]\d*(Mi|Gi|Ti)$/.test(storageSize)) {
    reject("storageSize", "a size such as 5Gi, in Mi, Gi or Ti", "pulumi config set storageSize 5Gi");
  }
  const placement = optional("workerPlacement");
  if (placement === "container" && !optional("workerImage")) {
    const build =
      "docker build --tag NAME worker, make it known to the cluster (a push, `kind load`, `k3d image import`)";
    reject(
      "workerImage",
      `an image that the cluster has or can pull on tier ${tier}`,
      `${build}, then pulumi config set workerImage NAME`,
    );
  }
  if (placement === "host" && optional("runtime") !== "external") {
    const remedy = "pulumi config set workerPlacement container";
    if (tier === "cluster") reject("workerPlacement", "container on tier cluster", remedy);
    else if (exposure === "port-forward" || optional("transport") === "connect") {
      const rule = "container unless `exposure` is nodePort or ingress and `transport` is serve";
      reject("workerPlacement", rule, remedy);
    }
  }
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(stack) || stack.length > 55) {
    problems.push(
      `the stack's name must be lower-case letters, digits and hyphens on tier ${tier}, because its namespace carries it, ` +
        `got "${stack}". Remedy: pulumi stack rename`,
    );
  }
  return {
    context: context ?? "",
    kubeconfig: absolutePath("kubeconfig"),
    exposure,
    nodePort: whole("nodePort", 30_000, 32_767),
    ingress: exposure === "ingress" ? ingressOf(optional("ingress"), reject) : undefined,
    storageSize,
    storageClass: optional("storageClass"),
    replicas: whole("replicas", 2, 20),
    autoscaler: choice("autoscaler", autoscalers),
    maxWorkers: whole("maxWorkers", 2, 1000),
  };
}

function ingressOf(text: string | undefined, reject: Readers["reject"]): IngressArgs | undefined {
  const remedy = "pulumi config set --path ingress.url https://inngest.example.org";
  const ingress = parsed(text);
  if (!ingress || !isHttpUrl(ingress.url)) {
    reject("ingress", "an object whose `url` is an http or https URL for `exposure` ingress", remedy);
    return undefined;
  }
  const { url, className, tlsSecret, annotations, ...unknown } = ingress;
  const strings = [className, tlsSecret, ...Object.values((annotations ?? {}) as object)];
  if (Object.keys(unknown).length > 0 || strings.some((value) => value !== undefined && typeof value !== "string")) {
    reject("ingress", "an object of `url`, `className`, `tlsSecret` and `annotations`, all texts", remedy);
  } else if (new URL(url as string).protocol === "https:" && !tlsSecret && !annotations) {
    reject(
      "ingress",
      "with a `tlsSecret` or `annotations` when its `url` is https",
      "pulumi config set --path ingress.tlsSecret NAME",
    );
  }
  return ingress as unknown as IngressArgs;
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

export function postgresUrlProblem(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url && ["postgres:", "postgresql:"].includes(url.protocol) && url.hostname) return undefined;
  return "must be a URL such as postgres://user:password@host:5432/inngest, and its value is not";
}
