import { type ChildProcess, spawn } from "node:child_process";
import { durableWorker } from "../../tools/durable-worker.ts";
import type { Cluster, Notes } from "../../tools/kubernetes.ts";
import { freePorts } from "../../tools/ports.ts";
import { TestStack } from "../../tools/test-stack.ts";

/** A stack of containers whose worker on this machine notes in a cluster, and the way there, which ends with `forward`. */
export async function notingSource(
  { context, kubeconfig }: Cluster,
  { namespace }: Notes,
): Promise<{ source: TestStack; forward: ChildProcess }> {
  const source = await TestStack.create("persistent");
  source.set("workerDir", durableWorker(source.home, "tests/fixtures/cluster-worker"));
  // A worker on this machine does not reach into every cluster.
  const port = await freePorts(1);
  const fixed = ["--context", context, ...(kubeconfig ? ["--kubeconfig", kubeconfig] : [])];
  const to = ["port-forward", "--namespace", namespace, "pod/notes", `${port}:6379`];
  const forward = spawn("kubectl", [...fixed, ...to], { stdio: "ignore" });
  source.set("workerEnv", JSON.stringify({ NOTES_URL: `redis://127.0.0.1:${port}` }));
  return { source, forward };
}
