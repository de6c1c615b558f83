// Proves that an API server and kubeconform accept every rendered object, and that the namespace admits every pod. That
// they run is for the tiers' own suites; KEDA's resource is only validated, because no KEDA runs here.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { title } from "../../tools/engine.ts";
import { clusterOrReason, type Kubectl, kubectlOn } from "../../tools/kubernetes.ts";
import { kedaResources, part } from "../../tools/local-cluster/parts.ts";
import { type KubernetesObject, reviewedTexts } from "../../tools/rendered-objects.ts";
import { eventually } from "../../tools/test-stack.ts";
import { writeSchemas } from "../support/schemas.ts";

const variants = Object.entries(reviewedTexts());
const objects = (text: string) =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as KubernetesObject | null) ?? []);
const found = await clusterOrReason();
const reason =
  "reason" in found
    ? found.reason
    : existsSync(part("kubeconform"))
      ? undefined
      : "no kubeconform: `npm run cluster -- up` builds it";

describe.skipIf(reason)(title("rendered objects", reason), () => {
  let kubectl: Kubectl;
  let scratch: string;
  const namespaces = [
    ...new Set(
      variants
        .flatMap(([, text]) => objects(text).filter(({ kind }) => kind === "Namespace"))
        .map(({ metadata }) => metadata.name),
    ),
  ];

  beforeAll(async () => {
    if (!("cluster" in found)) return;
    kubectl = kubectlOn(found.cluster);
    scratch = mkdtempSync(join(tmpdir(), "schemas-"));
    kubectl(["apply", "--server-side", "-f", kedaResources]);
    for (const [, text] of variants) {
      const namespace = objects(text).find(({ kind }) => kind === "Namespace");
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

  test.each(variants)("%s passes kubeconform, strictly", (_, text) => {
    const { resources, summary } = JSON.parse(kubeconform(text));
    expect(resources ?? []).toEqual([]);
    expect(summary).toEqual({ valid: objects(text).length, invalid: 0, errors: 0, skipped: 0 });
  });

  test("kubeconform rejects a field that does not exist", () => {
    const [, text = ""] = variants.find(([variant]) => variant === "kubernetes") ?? [];
    const misspelt = text.replace("enableServiceLinks", "enableServiceLink");
    expect(JSON.parse(kubeconform(misspelt)).summary).toMatchObject({ invalid: 1 });
  });

  test.each(variants)("%s is accepted by the API server", (_, text) => {
    const accepted = kubectl(["apply", "--dry-run=server", "-f", "-"], text).trim().split("\n");
    expect(accepted).toHaveLength(objects(text).length);
  });

  test.each(variants)("%s: every pod is admitted", (_, text) => {
    for (const { kind, metadata, spec } of objects(text)) {
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
