import { defineCommand, runCommand } from "../../cli/lib/command.ts";
import { Problem } from "../../lib/problem.ts";
import { clusterDown, clusterUp, kubeconfigFile } from "../local-cluster/node.ts";

const command = defineCommand(
  "cluster",
  "A one-node Kubernetes for the tests, for Linux machines without kind or k3d.",
).addHelpText(
  "afterAll",
  "\nNeeds root, Go and Debian's package tools. The first `up` builds Kubernetes, which takes minutes.\nExample: npm run cluster -- up",
);
command
  .command("up")
  .description("builds what is missing and starts it")
  .action(async () => {
    if (process.platform !== "linux" || process.getuid?.() !== 0) {
      throw new Problem("this command needs Linux and root", "use kind or k3d, and TEST_KUBE_CONTEXT");
    }
    const before = performance.now();
    await clusterUp();
    console.log(`The cluster is ready after ${((performance.now() - before) / 1000).toFixed(1)} s.`);
    console.log(`export KUBECONFIG=${kubeconfigFile}`);
  });
command.command("down").description("stops it and removes what ran in it; what was built stays").action(clusterDown);

await runCommand(command);
