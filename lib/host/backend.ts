import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readJson } from "../data/private-file.ts";
import { stateFolder } from "./paths.ts";

/** URL of the Pulumi backend that the user is logged in to; `undefined` where there is none. */
export function backendUrl(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.PULUMI_BACKEND_URL) return environment.PULUMI_BACKEND_URL;
  const home = environment.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const { current } = readJson<{ current?: string }>(join(home, "credentials.json")) ?? {};
  // A token without a login is for Pulumi Cloud.
  return current || (environment.PULUMI_ACCESS_TOKEN ? "https://api.pulumi.com" : undefined);
}

/** URL of the backend of a user who is logged in to none: files on this machine. */
export function ownBackendUrl(): string {
  return pathToFileURL(stateFolder()).href;
}
