import { docker } from "./containers.ts";

/** What of a container somebody changes who makes it anew by hand. */
export interface HandMade {
  command: string[];
  environment: string[];
  /** Volumes by where they are mounted. */
  volumes: Record<string, string>;
  /** Folders in memory, with their options. */
  scratch: Record<string, string>;
}

/**
 * Removes a container of a stack and makes it anew as somebody does by hand: with its name, user, network, ports and label, but
 * for `change`, and without what hardens it.
 */
export function makeByHand(stack: string, container: string, change: (was: HandMade) => Partial<HandMade>): void {
  const [made] = JSON.parse(docker("container", "inspect", container)) as [Inspected];
  const { Cmd, Env, Image, User } = made.Config;
  const was: HandMade = {
    command: Cmd,
    environment: Env,
    volumes: Object.fromEntries(made.Mounts.map(({ Name, Destination }) => [Destination, Name])),
    scratch: made.HostConfig.Tmpfs ?? {},
  };
  const { command, environment, volumes, scratch } = { ...was, ...change(was) };
  const ports = Object.entries(made.HostConfig.PortBindings ?? {}).flatMap(([inner, outer]) =>
    outer.flatMap(({ HostIp, HostPort }) => ["--publish", `${HostIp}:${HostPort}:${inner}`]),
  );
  docker("rm", "--force", container);
  docker(
    ...["run", "--detach", "--name", container, "--user", User],
    ...["--label", `inngest-local.stack=${stack}`, "--label", handMade],
    ...["--network", `inngest-${stack}`, "--add-host", "host.docker.internal:host-gateway", ...ports],
    ...Object.entries(volumes).flatMap(([folder, volume]) => ["--volume", `${volume}:${folder}`]),
    ...Object.entries(scratch).flatMap(([folder, options]) => ["--tmpfs", `${folder}:${options}`]),
    ...environment.flatMap((line) => ["--env", line]),
    Image,
    ...command,
  );
}

/** What a test that has failed leaves of them is in the way of a destroy. */
export function removeHandMade(stack: string): void {
  const filters = ["--filter", `label=inngest-local.stack=${stack}`, "--filter", `label=${handMade}`];
  for (const id of docker("ps", "--all", "--quiet", ...filters)
    .split("\n")
    .filter(Boolean))
    docker("rm", "--force", id);
}

const handMade = "made-by-hand";

interface Inspected {
  Config: { Cmd: string[]; Env: string[]; Image: string; User: string };
  HostConfig: {
    Tmpfs: Record<string, string> | null;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
  Mounts: { Name: string; Destination: string }[];
}
