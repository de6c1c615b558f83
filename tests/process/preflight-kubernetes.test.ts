// Proves what the preflight says about a cluster, and that a port-forward ends with its use. kubectl is a script here;
// the real one is for tests/cluster/.
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { forwardCommand, throughForward } from "../../lib/places/forward.ts";
import { Home } from "../support/host.ts";

const right = { code: 0, stderr: "" };
const wrong = (...problems: string[]) => ({ code: 1, stderr: `${problems.join("\n")}\n` });
const needs = { context: "mine", needsStorage: true, keda: false };
const classes = (...items: { name: string; isDefault?: boolean }[]) =>
  JSON.stringify({
    items: items.map(({ name, isDefault }) => ({
      metadata: { name, annotations: isDefault ? { "storageclass.kubernetes.io/is-default-class": "true" } : {} },
    })),
  });

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.dispose());

/** The preflight with a kubectl that answers so; an answer that begins with `!` is an error. */
function preflight(answers: Record<string, string>, kubernetes: object = needs) {
  const said: Record<string, string> = {
    "get-contexts": "mine\nother",
    readyz: "ok",
    storageclass: classes({ name: "fast", isDefault: true }),
    ...answers,
  };
  const cases = Object.entries(said).map(([word, answer]) =>
    answer.startsWith("!") ? `*${word}*) echo '${answer.slice(1)}' >&2; exit 1 ;;` : `*${word}*) echo '${answer}' ;;`,
  );
  const folder = home.command("kubectl", `case "$*" in ${cases.join(" ")} esac`);
  return home.preflight({ kubernetes }, { PATH: `${folder}:${process.env.PATH}` });
}

test("a cluster with everything that is needed passes", async () => {
  expect(await preflight({})).toMatchObject(right);
});

test("a machine without kubectl is refused", async () => {
  expect(await home.preflight({ kubernetes: needs }, { PATH: "/nonexistent" })).toMatchObject(
    wrong(
      "no `kubectl` command on PATH, and the Kubernetes tiers reach their cluster with it. " +
        "Remedy: install it (https://kubernetes.io/docs/tasks/tools)",
    ),
  );
});

describe("the context", () => {
  test("is refused when it does not exist", async () => {
    expect(await preflight({}, { ...needs, context: "mime" })).toMatchObject(
      wrong('`kubeContext` must be one of mine, other, got "mime". Remedy: pulumi config set kubeContext mine'),
    );
  });

  test("is refused when the kubeconfig has none", async () => {
    expect(await preflight({ "get-contexts": "" })).toMatchObject(
      wrong(
        '`kubeContext` must name a context, got "mine", and the kubeconfig has none. ' +
          "Remedy: pulumi config set kubeconfig /absolute/path",
      ),
    );
  });

  test("is refused in a file that kubectl cannot read", async () => {
    expect(await preflight({ "get-contexts": "!error: yaml: line 1" }, { ...needs, kubeconfig: "/k" })).toMatchObject(
      wrong(
        '`kubeconfig` must be a file that kubectl reads, got "/k" (yaml: line 1). ' +
          "Remedy: pulumi config set kubeconfig /absolute/path",
      ),
    );
  });

  test("is refused when its cluster does not answer", async () => {
    expect(await preflight({ readyz: "!Unable to connect to the server: connection refused" })).toMatchObject(
      wrong(
        "`kubeContext` must name a cluster that answers, and mine does not (connection refused). " +
          "Remedy: start the cluster, or pulumi config set kubeContext to another one",
      ),
    );
  });
});

describe("the storage class", () => {
  test("is refused when the cluster does not have it", async () => {
    expect(
      await preflight(
        { storageclass: classes({ name: "fast" }, { name: "slow" }) },
        { ...needs, storageClass: "fats" },
      ),
    ).toMatchObject(
      wrong(
        '`storageClass` must be one of the cluster\'s, got "fats" (the cluster has fast, slow). ' +
          "Remedy: pulumi config set storageClass fast",
      ),
    );
  });

  test("is required where the cluster has no default", async () => {
    expect(await preflight({ storageclass: classes({ name: "fast" }) })).toMatchObject(
      wrong(
        "`storageClass` must be set, because the cluster has no default class (the cluster has fast). " +
          "Remedy: pulumi config set storageClass fast",
      ),
    );
    expect(await preflight({ storageclass: classes() })).toMatchObject(
      wrong(
        "`storageClass` must be set, because the cluster has no default class (the cluster has none). " +
          "Remedy: install a storage provisioner",
      ),
    );
  });

  test("is not checked for a stack that keeps nothing in the cluster", async () => {
    expect(await preflight({ storageclass: classes() }, { ...needs, needsStorage: false })).toMatchObject(right);
  });
});

test("a cluster without KEDA is refused for autoscaler keda", async () => {
  expect(await preflight({ scaledobjects: "!not found" }, { ...needs, keda: true })).toMatchObject(
    wrong(
      '`autoscaler` must be cpu on a cluster without KEDA, got "keda". ' +
        "Remedy: install KEDA (https://keda.sh), or pulumi config set autoscaler cpu",
    ),
  );
});

describe("a forward", () => {
  const forward = {
    context: "mine",
    kubeconfig: "/k",
    namespace: "inngest-test",
    server: { service: "inngest-svc", port: 8288, local: 9000 },
    worker: { service: "worker", port: 3111, local: 3111 },
  };
  const urls = { apiUrl: "http://127.0.0.1:9000", workerUrl: "http://127.0.0.1:3111/api/inngest" };
  const environment = { ...process.env };
  afterEach(() => {
    process.env.PATH = environment.PATH;
  });
  const kubectl = (script: string) => {
    process.env.PATH = `${home.command("kubectl", script)}:${environment.PATH}`;
  };

  test("lasts as long as its use, which gets a port of its own", async () => {
    kubectl('echo "$$ $*" >> "$0.log"; echo "Forwarding from 127.0.0.1:45678 -> 1"; exec sleep 60');
    const reached = await throughForward(forward, urls, async (inside) => inside);
    expect(reached).toEqual({ apiUrl: "http://127.0.0.1:45678", workerUrl: "http://127.0.0.1:45678/api/inngest" });
    const log = execFileSync("sh", ["-c", 'cat "$(command -v kubectl).log"'], { encoding: "utf8" });
    const calls = log.trim().split("\n");
    const fixed = "--kubeconfig /k --context mine --namespace inngest-test port-forward";
    expect(calls.map((call) => call.replace(/^\d+ /, ""))).toEqual([
      `${fixed} service/inngest-svc :8288 --address 127.0.0.1`,
      `${fixed} service/worker :3111 --address 127.0.0.1`,
    ]);
    for (const call of calls) expect(() => process.kill(Number.parseInt(call, 10), 0)).toThrow("ESRCH");
  });

  test("ends when its use fails", async () => {
    kubectl('echo $$ >> "$0.log"; echo "Forwarding from 127.0.0.1:45678 -> 1"; exec sleep 60');
    await expect(throughForward(forward, urls, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    const pids = execFileSync("sh", ["-c", 'cat "$(command -v kubectl).log"'], { encoding: "utf8" }).trim().split("\n");
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
  });

  test("that cannot be opened fails with kubectl's reason", async () => {
    kubectl('echo "error: unable to forward port because pod is not running" >&2; exit 1');
    await expect(throughForward(forward, urls, async () => {})).rejects.toThrow(
      "service inngest-svc in namespace inngest-test cannot be reached: error: unable to forward port because pod is not running",
    );
  });

  test("is not opened where none is needed", async () => {
    expect(await throughForward(undefined, urls, async (inside) => inside)).toEqual(urls);
  });

  test("is one command for a person", () => {
    expect(forwardCommand(forward)).toBe(
      "kubectl --kubeconfig /k --context mine --namespace inngest-test port-forward service/inngest-svc 9000:8288",
    );
  });
});
