// Proves that an API server and kubeconform take every rendered object, and that the namespace admits every pod. That
// they run is for the tiers' own suites; of KEDA's resource only the form is known, for no KEDA runs here.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { title } from "../../tools/engine.ts";
import { clusterOrReason, type Kubectl, kubectlOn } from "../../tools/kubernetes.ts";
import { kedaResources, part } from "../../tools/local-cluster/parts.ts";
import type { KubernetesObject } from "../../tools/rendered-objects.ts";
import { eventually } from "../../tools/test-stack.ts";
import { writeSchemas } from "../support/schemas.ts";

const folder = "tests/rendered/kubernetes";
const files = readdirSync(folder).map((file) => join(folder, file));
const objects = (file: string) =>
  parseAllDocuments(readFileSync(file, "utf8")).flatMap(
    (document) => (document.toJS() as KubernetesObject | null) ?? [],
  );
const found = await clusterOrReason();
const reason =
  "reason" in found
    ? found.reason
    : existsSync(part("kubeconform"))
      ? undefined
      : "no kubeconform: `npm run cluster -- up` builds it";

describe.skipIf(reason)(title("rendered objects", reason), () => {
  let kubectl: Kubectl;
  const scratch = mkdtempSync(join(tmpdir(), "schemas-"));
  const namespaces = [
    ...new Set(
      files
        .flatMap((file) => objects(file).filter(({ kind }) => kind === "Namespace"))
        .map(({ metadata }) => metadata.name),
    ),
  ];

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    kubectl = kubectlOn(found.cluster);
    kubectl(["apply", "--server-side", "-f", kedaResources]);
    for (const file of files) {
      const namespace = objects(file).find(({ kind }) => kind === "Namespace");
      kubectl(["apply", "-f", "-"], JSON.stringify(namespace));
    }
    await eventually(30_000, async () => {
      if (!kubectl(["get", "--raw", "/openapi/v2"]).includes("ScaledObject"))
        throw new Error("no schema of KEDA's yet");
    });
    writeSchemas(kubectl, scratch);
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true });
    if (kubectl) kubectl(["delete", "namespace", ...namespaces, "--ignore-not-found", "--wait=false"]);
  });

  function kubeconform(text: string): string {
    const location = `${scratch}/{{.ResourceKind}}{{.KindSuffix}}.json`;
    const args = ["-strict", "-output", "json", "-summary", "-schema-location", location, "-"];
    try {
      return execFileSync(part("kubeconform"), args, { input: text, encoding: "utf8" });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  test.each(files.map((file) => basename(file)))("%s passes kubeconform, strictly", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { resources, summary } = JSON.parse(kubeconform(text));
    expect(resources ?? []).toEqual([]);
    expect(summary).toEqual({ valid: objects(join(folder, name)).length, invalid: 0, errors: 0, skipped: 0 });
  });

  test("kubeconform refuses a field that does not exist", () => {
    const text = readFileSync(join(folder, "kubernetes.yaml"), "utf8").replace(
      "enableServiceLinks",
      "enableServiceLink",
    );
    expect(JSON.parse(kubeconform(text)).summary).toMatchObject({ invalid: 1 });
  });

  test.each(files.map((file) => basename(file)))("%s is accepted by the API server", (name) => {
    const accepted = kubectl(["apply", "--dry-run=server", "-f", join(folder, name)])
      .trim()
      .split("\n");
    expect(accepted).toHaveLength(objects(join(folder, name)).length);
  });

  test.each(files.map((file) => basename(file)))("%s: every pod is admitted", (name) => {
    for (const { kind, metadata, spec } of objects(join(folder, name))) {
      const template = spec?.template as { metadata: object; spec: object } | undefined;
      if (!template) continue;
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          ...template.metadata,
          name: `${kind}-${metadata.name}`.toLowerCase(),
          namespace: metadata.namespace,
        },
        spec: template.spec,
      };
      expect(kubectl(["create", "--dry-run=server", "-f", "-"], JSON.stringify(pod))).toContain("created");
    }
  });
});
