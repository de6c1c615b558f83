import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The docker command's current context, where it is another than the default one. The provider reads DOCKER_HOST and
 * DOCKER_CONTEXT itself but not the choice of `docker context use`
 * (https://github.com/pulumi/pulumi-docker/issues/603), which Docker Desktop, OrbStack and Colima make.
 */
export function currentContext(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment.DOCKER_HOST || environment.DOCKER_CONTEXT) return undefined;
  try {
    const folder = environment.DOCKER_CONFIG ?? join(homedir(), ".docker");
    const { currentContext } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as {
      currentContext?: string;
    };
    return currentContext && currentContext !== "default" ? currentContext : undefined;
  } catch {
    return undefined;
  }
}
