import { areTexts, type SettingsReader } from "./reader.ts";
import type { Choice, Tier } from "./schema.ts";
import type { WorkerSettings } from "./worker.ts";

/** An Ingress for the gateway. */
export interface IngressSettings {
  /** The gateway's address for people and workers elsewhere; `https:` asks for TLS. */
  url: string;
  /** @default the cluster's own default */
  className?: string | undefined;
  /** Secret with the certificate, which you make, or whatever the annotations name. */
  tlsSecret?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

/** What only the Kubernetes tiers ask for. */
export type KubernetesSettings = NonNullable<ReturnType<typeof readKubernetes>>;

export function readKubernetes(
  { tier, stack, worker }: { tier: Tier; stack: string; worker: WorkerSettings },
  reader: SettingsReader,
) {
  if (tier !== "kubernetes" && tier !== "cluster") return undefined;
  const context = reader.optional("kubeContext");
  if (context === undefined) {
    reader.problem(
      `\`kubeContext\` must be set on tier ${tier}: the current context may be another cluster's`,
      "pulumi config set kubeContext NAME, with one of `kubectl config get-contexts`",
    );
  }
  const exposure = reader.choice("exposure", tier === "cluster" ? ["port-forward", "ingress"] : undefined);
  const storageSize = reader.text("storageSize");
  if (!/^[1-9]\d*(Mi|Gi|Ti)$/.test(storageSize)) {
    reader.reject("storageSize", "a size such as 5Gi, in Mi, Gi or Ti", "pulumi config set storageSize 5Gi");
  }
  checkWorker({ tier, exposure, worker }, reader);
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(stack) || stack.length > 55) {
    reader.problem(
      `the stack's name must be lower-case letters, digits and hyphens on tier ${tier}, because its namespace carries it, got "${stack}"`,
      "pulumi stack rename",
    );
  }
  return {
    context: context ?? "",
    kubeconfig: reader.path("kubeconfig"),
    exposure,
    nodePort: reader.whole("nodePort"),
    ingress: exposure === "ingress" ? readIngress(reader) : undefined,
    storageSize,
    storageClass: reader.optional("storageClass"),
    replicas: reader.whole("replicas"),
    autoscaler: reader.choice("autoscaler"),
    maxWorkers: reader.whole("maxWorkers"),
  };
}

/** A worker in the cluster needs an image, and one on this machine a way to it. */
function checkWorker(
  { tier, exposure, worker }: { tier: Tier; exposure: Choice<"exposure">; worker: WorkerSettings },
  reader: SettingsReader,
): void {
  if (worker.placement === "container" && !worker.image) {
    const build =
      "docker build --tag NAME worker, make it known to the cluster (a push, `kind load`, `k3d image import`)";
    const rule = `an image that the cluster has or can pull on tier ${tier}`;
    reader.reject("workerImage", rule, `${build}, then pulumi config set workerImage NAME`);
  }
  if (worker.placement !== "host" || worker.runtime === "external") return;
  const remedy = reader.set("workerPlacement", "container");
  if (tier === "cluster") reader.reject("workerPlacement", "container on tier cluster", remedy);
  else if (exposure === "port-forward" || worker.transport === "connect") {
    const rule = "container unless `exposure` is nodePort or ingress and `transport` is serve";
    reader.reject("workerPlacement", rule, remedy);
  }
}

function readIngress(reader: SettingsReader): IngressSettings | undefined {
  const remedy = "pulumi config set --path ingress.url https://inngest.example.org";
  const { url, annotations, ...rest } = reader.object("ingress") ?? {};
  if (typeof url !== "string" || !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    reader.reject("ingress", "an object whose `url` is an http or https URL for `exposure` ingress", remedy);
    return undefined;
  }
  if (!areTexts(rest, ["className", "tlsSecret"]) || (annotations !== undefined && !isTexts(annotations))) {
    reader.reject("ingress", "an object of `url`, `className`, `tlsSecret` and `annotations`, all texts", remedy);
    return undefined;
  }
  if (/^https:/i.test(url) && !rest.tlsSecret && !annotations) {
    reader.reject(
      "ingress",
      "with a `tlsSecret` or `annotations` when its `url` is https",
      "pulumi config set --path ingress.tlsSecret NAME",
    );
  }
  return { url, ...rest, annotations };
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "string");
}
