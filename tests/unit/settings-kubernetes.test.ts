// Proves what readSettings says about the settings of the Kubernetes tiers; settings.test.ts has all the others. Does
// not prove what a cluster makes of them.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Problem } from "../../lib/problem.ts";
import { readSettings } from "../../lib/settings/settings.ts";
import { stackSettings } from "../support/plan.ts";

function read(values: Record<string, string>) {
  return readSettings("test", { values, encrypted: new Set() });
}

describe("on the Kubernetes tiers", () => {
  const good = { tier: "kubernetes", workerPlacement: "container", kubeContext: "mine", workerImage: "worker:1" };
  const withIngress = "Remedy: pulumi config set --path ingress.url https://inngest.example.org";
  const ingress = (value: object) => ({ ...good, exposure: "ingress", ingress: JSON.stringify(value) });
  test.each<[Record<string, string>, string]>([
    [
      { ...good, kubeContext: "" },
      "`kubeContext` must be set on tier kubernetes: the current context may be another cluster's. " +
        "Remedy: pulumi config set kubeContext NAME, with one of `kubectl config get-contexts`",
    ],
    [
      { ...good, kubeconfig: "config" },
      `\`kubeconfig\` must be an absolute path, got "config". Remedy: pulumi config set kubeconfig ${join(process.cwd(), "config")}`,
    ],
    [
      { ...good, exposure: "loadBalancer" },
      '`exposure` must be one of port-forward, nodePort, ingress, got "loadBalancer". Remedy: pulumi config set exposure nodePort',
    ],
    [
      { ...good, tier: "cluster", exposure: "nodePort" },
      '`exposure` must be one of port-forward, ingress, got "nodePort". Remedy: pulumi config set exposure ingress',
    ],
    [
      { ...good, nodePort: "8288" },
      '`nodePort` must be a whole number from 30000 to 32767, got "8288". Remedy: pulumi config set nodePort 30288',
    ],
    [
      { ...good, storageSize: "5GB" },
      '`storageSize` must be a size such as 5Gi, in Mi, Gi or Ti, got "5GB". Remedy: pulumi config set storageSize 5Gi',
    ],
    [
      { ...good, tier: "cluster", replicas: "1" },
      '`replicas` must be a whole number from 2 to 20, got "1". Remedy: pulumi config set replicas 2',
    ],
    [
      { ...good, autoscaler: "memory" },
      '`autoscaler` must be one of cpu, keda, got "memory". Remedy: pulumi config set autoscaler keda',
    ],
    [
      { ...good, workerImage: "" },
      '`workerImage` must be an image that the cluster has or can pull on tier kubernetes, got "". Remedy: docker build --tag ' +
        "NAME worker, make it known to the cluster (a push, `kind load`, `k3d image import`), then pulumi config set workerImage NAME",
    ],
    [
      { ...good, workerPlacement: "host" },
      '`workerPlacement` must be container unless `exposure` is nodePort or ingress and `transport` is serve, got "host". ' +
        "Remedy: pulumi config set workerPlacement container",
    ],
    [
      { ...good, workerPlacement: "host", exposure: "nodePort", transport: "connect" },
      '`workerPlacement` must be container unless `exposure` is nodePort or ingress and `transport` is serve, got "host". ' +
        "Remedy: pulumi config set workerPlacement container",
    ],
    [
      { ...good, tier: "cluster", workerPlacement: "host" },
      '`workerPlacement` must be container on tier cluster, got "host". Remedy: pulumi config set workerPlacement container',
    ],
    [
      { ...good, exposure: "ingress" },
      `\`ingress\` must be an object whose \`url\` is an http or https URL for \`exposure\` ingress, got "". ${withIngress}`,
    ],
    [
      ingress({ url: "http://inngest.example.org", tls: "x" }),
      "`ingress` must be an object of `url`, `className`, `tlsSecret` and `annotations`, all texts, " +
        `got ${JSON.stringify('{"url":"http://inngest.example.org","tls":"x"}')}. ${withIngress}`,
    ],
    [
      ingress({ url: "https://inngest.example.org" }),
      "`ingress` must be with a `tlsSecret` or `annotations` when its `url` is https, " +
        `got ${JSON.stringify('{"url":"https://inngest.example.org"}')}. Remedy: pulumi config set --path ingress.tlsSecret NAME`,
    ],
  ])("%j is refused", (values, problem) => {
    expect(() => read(values)).toThrow(new Problem(`the settings of stack test are wrong:\n  - ${problem}`));
  });

  test("a stack's name must be one for a namespace", () => {
    expect(() => readSettings("Main_1", { values: good, encrypted: new Set() })).toThrow(
      "the stack's name must be lower-case letters, digits and hyphens on tier kubernetes, because its namespace carries " +
        'it, got "Main_1". Remedy: pulumi stack rename',
    );
  });

  test.each(["kubernetes", "cluster"])("Pulumi.%s.yaml is accepted with the two settings that it asks for", (stack) => {
    const { kubernetes } = read({ ...stackSettings(stack), kubeContext: "mine", workerImage: "worker:1" });
    expect(kubernetes).toMatchObject({ context: "mine", exposure: "port-forward", storageSize: "5Gi", replicas: 2 });
  });
});
