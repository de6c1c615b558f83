// Proves which Kubernetes objects the tiers create; tests/rendered/kubernetes/ holds them for review. Whether a cluster
// accepts and runs them is for tests/cluster/.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { KubernetesGateway } from "../../components/kubernetes/gateway.ts";
import { connectionsPerServer } from "../../lib/render/postgres-connections.ts";
import {
  type KubernetesObject,
  kubernetesObjects,
  renderedFile,
  renderObjects,
  wholeTexts,
} from "../../tools/rendered-objects.ts";
import { find, type Planned, plan, planStack } from "../support/plan.ts";

const given = { kubeContext: "test", workerImage: "registry.example/worker:1" };
const ingress = JSON.stringify({ url: "https://inngest.example.org", className: "nginx", tlsSecret: "inngest-tls" });
const variants: Record<string, [stack: string, settings: Record<string, string>, encrypted?: string[]]> = {
  kubernetes: ["kubernetes", given],
  "kubernetes-given": ["kubernetes", { ...given, redisUrl: "redis://:hunter2@redis.example:6379" }, ["redisUrl"]],
  "kubernetes-node-port": ["kubernetes", { ...given, exposure: "nodePort" }],
  cluster: ["cluster", { ...given, exposure: "ingress", ingress }],
  "cluster-keda": ["cluster", { ...given, autoscaler: "keda", replicas: "3" }],
  "cluster-given": [
    "cluster",
    {
      ...given,
      redisUrl: "redis://:hunter2@redis.example:6379",
      postgresUrl: "postgres://me:hunter2@pg.example/inngest",
    },
    ["redisUrl", "postgresUrl"],
  ],
};
const plans: Record<string, Planned[]> = {};
const texts: Record<string, string> = {};

beforeAll(async () => {
  for (const [name, [stack, settings, encrypted]] of Object.entries(variants)) {
    const { resources } = await planStack(stack, settings, encrypted);
    plans[name] = resources;
    texts[name] = renderObjects(resources);
  }
});

function objects(variant: string): KubernetesObject[] {
  return kubernetesObjects(plans[variant] as Planned[]);
}

// biome-ignore lint/suspicious/noExplicitAny: a pod's specification is deep, and each test looks at one corner.
type Template = { metadata: { labels: Record<string, string> }; spec: any };

/** The pods of a Deployment, StatefulSet or Job, or of the Jobs of a CronJob. */
function templateOf(spec: Record<string, unknown> | undefined): Template | undefined {
  const { template, jobTemplate } = (spec ?? {}) as {
    template?: Template;
    jobTemplate?: { spec: { template: Template } };
  };
  return template ?? jobTemplate?.spec.template;
}

function podsOf(variant: string): { name: string; spec: Template["spec"] }[] {
  return objects(variant).flatMap(({ kind, metadata, spec }) => {
    const template = templateOf(spec);
    return template ? [{ name: `${kind} ${metadata.name}`, spec: template.spec }] : [];
  });
}

describe.each(Object.keys(variants))("%s", (variant) => {
  test("renders the objects that were reviewed", async () => {
    const { name, content } = renderedFile(variant, texts);
    await expect(content).toMatchFileSnapshot(`../rendered/kubernetes/${name}`);
  });

  test("every object has the explicit provider and the stack's namespace", () => {
    for (const { type, provider } of plans[variant] as Planned[]) {
      if (type.startsWith("kubernetes:")) expect(provider).toBe("kubernetes");
    }
    const [stack] = variants[variant] as (typeof variants)[string];
    for (const { kind, metadata } of objects(variant)) {
      expect(kind === "Namespace" ? metadata.name : metadata.namespace).toBe(`inngest-${stack}`);
    }
    expect(find(plans[variant] as Planned[], "kubernetes kubernetes").inputs).toMatchObject({ context: "test" });
  });

  test("every pod and container meets the standard `restricted` and has resource limits", () => {
    expect(objects(variant).find(({ kind }) => kind === "Namespace")?.metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
    expect(podsOf(variant).length).toBeGreaterThan(0);
    for (const { spec } of podsOf(variant)) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 60,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          // The only capability that the standard allows.
          capabilities: { drop: ["ALL"], ...(container.name === "caddy" ? { add: ["NET_BIND_SERVICE"] } : {}) },
        });
      }
      for (const { resources } of spec.containers) {
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    }
  });

  test("secrets are only in Secrets, whose names change with their content", () => {
    for (const { label, type, inputs, secrets } of plans[variant] as Planned[]) {
      if (!type.startsWith("kubernetes:")) continue;
      expect(secrets, label).toEqual(type === "kubernetes:core/v1:Secret" ? ["stringData"] : []);
      if (type !== "kubernetes:core/v1:Secret") continue;
      expect(inputs).toMatchObject({ immutable: true });
      expect(inputs.metadata).not.toHaveProperty("name");
    }
  });

  test("`pulumi up` waits for no Service", () => {
    const services = objects(variant).filter(({ kind }) => kind === "Service");
    expect(services.length).toBeGreaterThan(0);
    for (const { metadata } of services) {
      expect(metadata).toMatchObject({ annotations: { "pulumi.com/skipAwait": "true" } });
    }
  });

  test("no Service is named like the server's program", () => {
    const names = objects(variant).flatMap(({ kind, metadata }) => (kind === "Service" ? [metadata.name] : []));
    expect(names).toContain("inngest-svc");
    expect(names).not.toContain("inngest");
  });

  test("the namespace denies all traffic, and every part has a network policy", () => {
    const policies = objects(variant).filter(({ kind }) => kind === "NetworkPolicy");
    expect(policies.find(({ metadata }) => metadata.name === "default-deny")?.spec).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
    const parts = objects(variant).flatMap(({ spec }) => {
      const template = templateOf(spec);
      return template ? [template.metadata.labels["app.kubernetes.io/component"]] : [];
    });
    // Commands create the pods of the part `upkeep`.
    const named = ["default-deny", "upkeep", ...parts];
    expect(policies.map(({ metadata }) => metadata.name).sort()).toEqual(named.sort());
  });
});

test("a variant's difference restores every object of the variant", () => {
  const files = Object.keys(texts).map((variant) => renderedFile(variant, texts));
  expect(wholeTexts(Object.fromEntries(files.map(({ name, content }) => [name, content])))).toEqual(texts);
});

/** Who may connect to a port of a part: names of parts and namespaces, or `anyone`. */
function visitors(variant: string, part: string, port: number): string[] {
  interface Rule {
    from?: { podSelector?: { matchLabels: object }; namespaceSelector?: { matchLabels: object } }[];
    ports: { port: number }[];
  }
  return objects(variant)
    .filter(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === part)
    .flatMap(({ spec }) => (spec as unknown as { ingress: Rule[] }).ingress)
    .filter(({ ports }) => ports.some((allowed) => allowed.port === port))
    .flatMap(({ from }) =>
      from
        ? from.flatMap(({ podSelector, namespaceSelector }) =>
            Object.values((podSelector ?? namespaceSelector)?.matchLabels ?? {}),
          )
        : ["anyone"],
    );
}

test.each([
  ["kubernetes", "gateway", 8288, ["worker", "janitor"]],
  ["kubernetes", "gateway", 8289, []],
  ["kubernetes", "server", 8288, ["gateway"]],
  ["kubernetes", "server", 8289, ["gateway"]],
  ["kubernetes", "server", 50052, ["server"]],
  ["kubernetes", "server", 50053, ["server"]],
  ["kubernetes", "queue", 6379, ["server", "migration", "worker", "janitor", "upkeep"]],
  ["kubernetes", "upkeep", 6380, ["queue"]],
  ["kubernetes-given", "upkeep", 6380, ["anyone"]],
  ["kubernetes", "worker", 3111, ["server"]],
  ["kubernetes-node-port", "gateway", 8288, ["anyone"]],
  ["kubernetes-node-port", "server", 8288, ["gateway"]],
  ["cluster", "gateway", 8288, ["anyone"]],
  ["cluster", "server", 8288, ["gateway"]],
  ["cluster", "server", 50052, ["server"]],
  ["cluster", "database", 5432, ["server", "migration", "janitor", "upkeep"]],
  ["cluster", "queue", 6379, ["server", "migration", "worker", "janitor", "upkeep"]],
  ["cluster", "upkeep", 6380, ["queue"]],
  ["cluster", "migration", 8288, []],
  ["cluster-keda", "gateway", 8288, ["worker", "janitor"]],
  ["cluster-keda", "gateway", 8289, ["keda"]],
  ["cluster-keda", "server", 8288, ["gateway"]],
])("%s: the %s's port %i is open to %j", (variant, part, port, expected) => {
  expect(visitors(variant, part, port)).toEqual(expected);
});

test("a given Redis and Postgres open the server's egress and create no pods", () => {
  const egress = (variant: string) =>
    objects(variant).find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === "server")?.spec?.egress;
  expect(egress("cluster-given")).toEqual([{}]);
  expect(egress("cluster")).not.toContainEqual({});
  expect(podsOf("cluster-given").map(({ name }) => name)).toEqual([
    "CronJob janitor",
    "Deployment gateway",
    "Deployment inngest",
    "Deployment worker",
    "Job server-migration",
  ]);
});

test("destroy keeps the claims and their namespace, unless protectData is false", async () => {
  const kept = (resources: Planned[]) =>
    resources.filter(({ options }) => options.retainOnDelete).map(({ label }) => label);
  const claims = [
    "Namespace namespace-namespace",
    "PersistentVolumeClaim queue-data",
    "PersistentVolumeClaim server-data",
  ];
  expect(kept(plans.kubernetes as Planned[])).toEqual(claims);
  expect(kept((await planStack("kubernetes", { ...given, protectData: "false" })).resources)).toEqual([]);
});

test("the janitor sweeps the server's claim with the scripts of this checkout, unless retention is off", async () => {
  const { inputs } = find(plans.kubernetes as Planned[], "Secret upkeep-janitor-order");
  expect(JSON.parse((inputs.stringData as Record<string, string>)["order.json"] as string)).toEqual({
    database: "/data/main.db",
    queueUrl: expect.stringMatching(/^redis:\/\/:.+@queue:6379$/),
    days: 30,
    alarmUrl: expect.stringMatching(/^http:\/\/inngest-svc:8288\/e\/.+/),
  });
  const { data } = find(plans.kubernetes as Planned[], "ConfigMap upkeep-janitor-scripts").inputs;
  expect(data).toMatchObject({ "runtime.sweep-job.ts": readFileSync("runtime/sweep-job.ts", "utf8") });
  const { resources } = await planStack("kubernetes", { ...given, retention: "off" });
  expect(resources.filter(({ label }) => /janitor/.test(label))).toEqual([]);
  expect(resources.map(({ label }) => label)).toContain("NetworkPolicy upkeep-network");
});

test("a cluster's janitor has a psql sidecar that gets the password from a Secret only", () => {
  const planned = plans.cluster as Planned[];
  const { stringData } = find(planned, "Secret upkeep-environment").inputs as { stringData: Record<string, string> };
  expect(stringData).toMatchObject({ PGHOST: "database", PGUSER: "inngest", PGDATABASE: "inngest" });
  const order = find(planned, "Secret upkeep-janitor-order").inputs as { stringData: Record<string, string> };
  expect(JSON.parse(order.stringData["order.json"] as string)).toMatchObject({ database: { psql: "/work" }, days: 30 });
  const job = find(planned, "CronJob upkeep-janitor-node");
  const { containers } = (
    job.inputs as { spec: { jobTemplate: { spec: { template: { spec: { containers: object[] } } } } } }
  ).spec.jobTemplate.spec.template.spec;
  expect(containers).toMatchObject([{ name: "node" }, { name: "psql", workingDir: "/work" }]);
  expect(JSON.stringify(containers)).not.toContain(stringData.PGPASSWORD);
});

test("the output `stores` locates history and queue, and is secret", async () => {
  const { outputs, secretOutputs } = await planStack("kubernetes", { ...given, kubeconfig: "/etc/mine" });
  expect(secretOutputs).toContain("stores");
  expect(outputs.stores).toEqual({
    place: {
      kind: "kubernetes",
      context: "test",
      kubeconfig: "/etc/mine",
      namespace: "inngest-kubernetes",
      image: "node:24.21.0-bookworm-slim",
      history: { claim: "server-data" },
    },
    queueUrl: expect.stringMatching(/^redis:/),
  });
  const cluster = await planStack("cluster", given);
  expect(cluster.secretOutputs).toContain("stores");
  expect(cluster.outputs.stores).toMatchObject({
    place: {
      history: { postgresImage: "postgres:17.6-bookworm", secret: expect.stringContaining("upkeep-environment") },
    },
  });
});

test("storageSize and storageClass set size and class of the claims", async () => {
  const { resources } = await planStack("kubernetes", { ...given, storageSize: "20Gi", storageClass: "fast" });
  for (const claim of ["queue-data", "server-data"]) {
    expect(find(resources, `PersistentVolumeClaim ${claim}`).inputs.spec).toEqual({
      accessModes: ["ReadWriteOnce"],
      storageClassName: "fast",
      resources: { requests: { storage: "20Gi" } },
    });
  }
});

test("the servers of a cluster and one more stay within the connections of a Postgres", () => {
  expect([2, 3, 8, 20].map(connectionsPerServer)).toEqual([30, 22, 10, 4]);
  for (let replicas = 2; replicas <= 20; replicas++) {
    expect(connectionsPerServer(replicas) * (replicas + 1)).toBeLessThanOrEqual(90);
  }
});

test("the servers of a cluster wait for the migration", () => {
  expect(find(plans.cluster as Planned[], "Deployment server-inngest").options.dependsOn).toContain("server-migration");
});

test("a gateway refuses a Service named like the server's program", async () => {
  const gateway = () =>
    new KubernetesGateway("gateway", {
      namespace: "n",
      image: "caddy:2",
      serviceName: "inngest",
      publicName: undefined,
      open: false,
      replicas: 1,
      dashboard: true,
      connect: false,
    });
  await expect(plan(gateway)).rejects.toThrow(pulumi.ResourceError);
  await expect(plan(gateway)).rejects.toThrow(
    "`serviceName` must not be inngest, the server's own name: Kubernetes would set INNGEST_PORT in every pod of the " +
      'namespace, and a server takes its port from that variable. Remedy: serviceName: "inngest-svc"',
  );
});

describe("addresses for this machine", () => {
  const forward = {
    context: "test",
    namespace: "inngest-kubernetes",
    server: { service: "inngest-svc", port: 8288, local: 9000 },
    worker: { service: "worker", port: 9100, local: 9100 },
  };
  const ports = { ...given, port: "9000", workerPort: "9100" };
  test("are those of a port-forward by default", async () => {
    const { outputs } = await planStack("kubernetes", ports);
    expect(outputs).toMatchObject({ apiUrl: "http://127.0.0.1:9000", workerUrl: "http://127.0.0.1:9100", forward });
  });
  test("are the node port's with exposure nodePort", async () => {
    const { outputs } = await planStack("kubernetes", { ...ports, exposure: "nodePort", nodePort: "31000" });
    expect(outputs).toMatchObject({
      dashboardUrl: "http://localhost:31000",
      apiUrl: "http://127.0.0.1:31000",
      forward,
    });
  });
  test("are the Ingress' with exposure ingress", async () => {
    const { outputs } = await planStack("kubernetes", { ...ports, exposure: "ingress", ingress });
    expect(outputs).toMatchObject({
      dashboardUrl: "https://inngest.example.org",
      eventUrl: "https://inngest.example.org/e",
      forward,
    });
  });
  test("an external app is called at its URL, and no worker is created", async () => {
    const workerUrl = "http://app.example:3000/api/inngest";
    const settings = { kubeContext: "test", workerPlacement: "host", runtime: "external", workerUrl };
    const { resources, outputs } = await planStack("kubernetes", settings);
    expect(outputs).toMatchObject({ workerUrl: "http://app.example:3000", forward: { worker: undefined } });
    expect(resources.filter(({ label }) => /worker/i.test(label))).toEqual([]);
    expect(find(resources, "Secret server-environment").inputs.stringData).toMatchObject({
      INNGEST_SDK_URL: workerUrl,
    });
  });
  test("a worker on this machine is called at host.docker.internal", async () => {
    const settings = { kubeContext: "test", workerPlacement: "host", exposure: "nodePort", workerPort: "9100" };
    const { resources } = await planStack("kubernetes", settings);
    expect(find(resources, "Secret server-environment").inputs.stringData).toMatchObject({
      INNGEST_SDK_URL: "http://host.docker.internal:9100/api/inngest",
    });
    expect(find(resources, "Command worker-process").parent).toBe("HostService worker");
  });
});
