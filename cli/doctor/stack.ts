import { takenPorts } from "../../lib/host/port-holders.ts";
import { locate } from "../../lib/host/programs.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import { Problem } from "../../lib/problem.ts";
import { eventKeyProblem, signingKeyProblem } from "../../lib/settings/keys.ts";
import { type PortSettings, portsOf } from "../../lib/stack/preflight-spec.ts";
import { openListeners } from "../lib/checks/open-listeners.ts";
import { readable, sizeAlarm, sizesOf } from "../lib/sizes.ts";
import { serverVersion } from "../lib/versions.ts";
import { broken, brokenBy, type DoctorCheck, type DoctorOutcome, ok, type Patient, warning } from "./outcome.ts";
import { trapsOf } from "./traps.ts";

/** What a stack needs beside its engine, whether it is up or not. */
export function stackChecks(patient: Patient): DoctorCheck[] {
  const { tier, runtime, workerPlacement } = patient.settings;
  const bun = runtime === "bun" && workerPlacement === "host";
  return [
    ...(tier === "process" ? [{ id: "inngest", run: async () => binary(patient) }] : []),
    ...(bun ? [{ id: "bun", run: async () => located("bun", () => locate({ kind: "bun" })) }] : []),
    { id: "ports", run: () => ports(patient) },
    { id: "keys", run: () => keys(patient) },
    { id: "listeners", run: () => listeners(patient) },
    { id: "sizes", run: () => sizes(patient) },
    { id: "versions", run: () => versions(patient) },
  ];
}

function binary({ settings }: Patient): DoctorOutcome {
  const { serverBinary } = settings;
  return located(`inngest ${serverBinary ? "of `serverBinary`" : ""}`.trim(), () =>
    locate({ kind: "inngest", ...(serverBinary && { binary: serverBinary }) }),
  );
}

function located(what: string, find: () => string): DoctorOutcome {
  try {
    return ok(`${what} is ${find()}`);
  } catch (error) {
    if (error instanceof Problem) return brokenBy(error.message);
    throw error;
  }
}

async function ports({ stack, settings }: Patient): Promise<DoctorOutcome> {
  const { tier, port, workerPort, workerPlacement, runtime, dataDir, dockerContext } = settings;
  const wanted = portsOf({
    tier,
    port: Number(port),
    worker: { port: Number(workerPort), placement: workerPlacement, runtime },
  } as PortSettings);
  const taken = await takenPorts(wanted, {
    services: ["server", "worker"].map((service) => identify({ stack, service, dataDir })),
    docker: tier === "docker" ? { stack, context: dockerContext } : undefined,
  });
  const [first] = taken;
  if (!first) return ok(`${wanted.map(({ port }) => port).join(", ")} are free or this stack's own`);
  const text = ({ setting, port, by, code }: (typeof taken)[number]) =>
    `${port} (\`${setting}\`) ${by === undefined ? `is not for this user (${code})` : `is held by ${by}`}`;
  return broken(
    taken.map(text).join("; "),
    `stop that program, or npm run pulumi -- config set ${first.setting} to another one --stack ${stack}`,
  );
}

async function keys({ stack, settings, pulumi, outputs }: Patient): Promise<DoctorOutcome> {
  const signingKey = outputs?.signingKey ?? (await pulumi.setting(stack, "signingKey"));
  const eventKey = outputs?.eventKey ?? (await pulumi.setting(stack, "eventKey"));
  const wrong = [
    ...(signingKey === undefined ? [] : [["signing key", signingKeyProblem(signingKey)] as const]),
    ...(eventKey === undefined ? [] : [["event key", eventKeyProblem(eventKey)] as const]),
  ].flatMap(([what, problem]) => (problem ? [`the ${what} ${problem}`] : []));
  if (wrong.length > 0) {
    return broken(
      wrong.join("; "),
      `npm run pulumi -- config set --secret signingKey --stack ${stack}, or config rm, for a generated one`,
    );
  }
  const whose = settings.keysFrom
    ? `of stack ${settings.keysFrom}`
    : outputs
      ? "of this stack"
      : "come with the first up";
  return ok(`signing key and event key ${whose}: bare hex, and safe in a path`);
}

async function listeners({ stack, settings, outputs }: Patient): Promise<DoctorOutcome> {
  if (!outputs) return ok("nothing of the stack runs");
  const open = await openListeners(stack, settings);
  const text = (each: (typeof open)[number]) => `${each.who} at ${each.address}:${each.port}`;
  const beyond = open.filter(({ documented }) => !documented);
  if (beyond.length > 0) {
    return broken(`other machines reach ${beyond.map(text).join(", ")}`, `close it, and npm start -- --stack ${stack}`);
  }
  if (open.length === 0) return ok("all that listens does so on loopback");
  return warning(
    `Connect's ports listen on every interface, as always on this tier: ${open
      .map(({ port }) => port)
      .sort()
      .join(", ")}`,
    "in a network that you do not trust, close them by a firewall, or use the stack persistent",
  );
}

async function sizes({ stack, settings }: Patient): Promise<DoctorOutcome> {
  const found = await sizesOf(stack, settings);
  const seen = found.map(({ what, bytes }) => `${what} ${readable(bytes)}`).join(", ") || "nothing is there yet";
  const alarm = sizeAlarm(stack, found);
  return alarm ? warning(`${seen}: ${alarm.seen}`, alarm.remedy) : ok(seen);
}

async function versions({ settings, stack }: Patient): Promise<DoctorOutcome> {
  const server = await serverVersion(settings);
  const traps = trapsOf({ server, tier: settings.tier, transport: settings.transport });
  if (traps.length === 0) return ok(`server ${server}: no known trap`);
  const setting = settings.tier === "process" ? "serverBinary" : "serverImage";
  return warning(
    `server ${server}: ${traps.join("; ")}`,
    `npm run pulumi -- config rm ${setting} --stack ${stack}, for the one that this project is tested with`,
  );
}
