/** Brings what images several suites use: two that run side by side would make the same one at the same time. */
import { missing } from "../../tools/engine.ts";
import { clusterImages, ensureImages, workerImages } from "../../tools/stand-in-images.ts";

// Where that fails, each suite that needs them is skipped and says why.
if (!(await missing("docker"))) ensureImages([...clusterImages, ...workerImages]);
