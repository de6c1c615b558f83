import type { SettingsReader } from "./reader.ts";

export const exposures = ["port-forward", "nodePort", "ingress"] as const;
export const autoscalers = ["cpu", "keda"] as const;

/** An Ingress for the gateway. */
export interface IngressSettings {
  /** The gateway's address for people and workers elsewhere; `https:` asks for TLS. */
  url: string;
  /** @default the cluster's own default */
  className?: string | undefined;
  /** Secret with the certificate, given or to be made by what the annotations name. */
  tlsSecret?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

/** What only the Kubernetes tiers ask for. */
export interface KubernetesSettings {
  context: string;
  kubeconfig: string | undefined;
  exposure: (typeof exposures)[number];
  nodePort: number;
  ingress: IngressSettings | undefined;
  storageSize: string;
  storageClass: string | undefined;
  replicas: number;
  autoscaler: (typeof autoscalers)[number];
  maxWorkers: number;
}

export function readKubernetesSettings(
  tier: "kubernetes" | "cluster",
  stack: string,
  reader: SettingsReader,
): KubernetesSettings {
  const context = reader.optional("kubeContext");
  if (context === undefined) {
    reader.problem(
      `\`kubeContext\` must be set on tier ${tier}: the current context may be another cluster's`,
      "pulumi config set kubeContext NAME, with one of `kubectl config get-contexts`",
    );
  }
  const exposure = reader.choice("exposure", tier === "cluster" ? ["port-forward", "ingress"] : exposures);
  const storageSize = reader.optional("storageSize") ?? "";
  if (!/^[1-9]\d*(Mi|Gi|Ti)$/.test(storageSize)) {
    reader.reject("storageSize", "a size such as 5Gi, in Mi, Gi or Ti", "pulumi config set storageSize 5Gi");
  }
  const placement = reader.optional("workerPlacement");
  if (placement === "container" && !reader.optional("workerImage")) {
    const build =
      "docker build --tag NAME worker, make it known to the cluster (a push, `kind load`, `k3d image import`)";
    reader.reject(
      "workerImage",
      `an image that the cluster has or can pull on tier ${tier}`,
      `${build}, then pulumi config set workerImage NAME`,
    );
  }
  if (placement === "host" && reader.optional("runtime") !== "external") {
    const remedy = "pulumi config set workerPlacement container";
    if (tier === "cluster") reader.reject("workerPlacement", "container on tier cluster", remedy);
    else if (exposure === "port-forward" || reader.optional("transport") === "connect") {
      const rule = "container unless `exposure` is nodePort or ingress and `transport` is serve";
      reader.reject("workerPlacement", rule, remedy);
    }
  }
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(stack) || stack.length > 55) {
    reader.problem(
      `the stack's name must be lower-case letters, digits and hyphens on tier ${tier}, because its namespace carries it, got "${stack}"`,
      "pulumi stack rename",
    );
  }
  return {
    context: context ?? "",
    kubeconfig: reader.absolutePath("kubeconfig"),
    exposure,
    nodePort: reader.whole("nodePort", 30_000, 32_767),
    ingress: exposure === "ingress" ? ingressOf(reader) : undefined,
    storageSize,
    storageClass: reader.optional("storageClass"),
    replicas: reader.whole("replicas", 2, 20),
    autoscaler: reader.choice("autoscaler", autoscalers),
    maxWorkers: reader.whole("maxWorkers", 2, 1000),
  };
}

function ingressOf(reader: SettingsReader): IngressSettings | undefined {
  const remedy = "pulumi config set --path ingress.url https://inngest.example.org";
  const ingress = parsed(reader.optional("ingress"));
  if (!ingress || !isHttpUrl(ingress.url)) {
    reader.reject("ingress", "an object whose `url` is an http or https URL for `exposure` ingress", remedy);
    return undefined;
  }
  const { url, className, tlsSecret, annotations, ...unknown } = ingress;
  const strings = [className, tlsSecret, ...Object.values((annotations ?? {}) as object)];
  if (Object.keys(unknown).length > 0 || strings.some((value) => value !== undefined && typeof value !== "string")) {
    reader.reject("ingress", "an object of `url`, `className`, `tlsSecret` and `annotations`, all texts", remedy);
  } else if (new URL(url as string).protocol === "https:" && !tlsSecret && !annotations) {
    reader.reject(
      "ingress",
      "with a `tlsSecret` or `annotations` when its `url` is https",
      "pulumi config set --path ingress.tlsSecret NAME",
    );
  }
  return ingress as unknown as IngressSettings;
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
