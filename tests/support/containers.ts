import { docker } from "../../tools/docker.ts";
import { eventually } from "../../tools/test-stack.ts";

export { docker };

/** SIGKILL to a container's process, as a crash would be: Docker's own `kill` counts as a stop by hand. */
export function crash(...containers: string[]): void {
  for (const pid of containers.map((name) => Number(docker("inspect", "--format", "{{.State.Pid}}", name)))) {
    process.kill(pid, "SIGKILL");
  }
}

export async function untilRunning(container: string): Promise<void> {
  await eventually(30_000, async () => {
    const state = docker("inspect", "--format", "{{.State.Status}}", container);
    if (state !== "running") throw new Error(`${container} is ${state}`);
  });
}

/** Names of a stack's containers, volumes and networks that exist. */
export function leftovers(stack: string) {
  const filter = `label=inngest-local.stack=${stack}`;
  const lines = (...args: string[]) =>
    docker(...args)
      .split("\n")
      .filter(Boolean)
      .sort();
  return {
    containers: lines("ps", "--all", "--filter", filter, "--format", "{{.Names}}"),
    volumes: lines("volume", "ls", "--filter", filter, "--format", "{{.Name}}"),
    networks: lines("network", "ls", "--filter", filter, "--format", "{{.Name}}"),
  };
}
