import { takenPorts } from "../../lib/host/port-holders.ts";
import { locate } from "../../lib/host/programs.ts";
import type { Program } from "../../lib/host/spec.ts";
import { identify } from "../../lib/host/supervisors/service.ts";
import { eventKeyProblem, signingKeyProblem } from "../../lib/settings/keys.ts";
import { preflightSpec } from "../../lib/stack/preflight-spec.ts";
import { openListeners } from "../lib/checks/open-listeners.ts";
import { lookHome } from "../lib/home.ts";
import { readable, sizeProblem, sizesOf } from "../lib/sizes.ts";
import { serverVersion } from "../lib/versions.ts";
import { broken, type DoctorCheck, type DoctorContext, type DoctorOutcome, ok, warning } from "./outcome.ts";
import { trapsOf } from "./traps.ts";

/** What a stack needs besides its engine, whether it is up or not. */
export function stackChecks(context: DoctorContext): DoctorCheck[] {
  const programs = context.stack.parts.all.flatMap(({ program }) => program ?? []);
  return [
    ...programs
      .filter(({ kind }) => kind !== "node")
      .map((program) => ({ id: program.kind, run: async () => located(program) })),
    { id: "home", run: () => home(context) },
    { id: "ports", run: () => ports(context) },
    { id: "keys", run: () => keys(context) },
    { id: "listeners", run: () => listeners(context) },
    { id: "sizes", run: () => sizes(context) },
    { id: "versions", run: () => versions(context) },
  ];
}

function located(program: Program): DoctorOutcome {
  const isGiven = program.kind === "inngest" && program.binary !== undefined;
  return ok(`${program.kind}${isGiven ? " of `serverBinary`" : ""} is ${locate(program)}`);
}

async function home({ stack, outputs }: DoctorContext): Promise<DoctorOutcome> {
  const { here, problem } = await lookHome({ settings: stack.settings, outputs });
  if (problem) return warning(problem.what, problem.remedy ?? "");
  return ok(`changed from ${here.folder}, by ${here.user} on ${here.host}`);
}

async function ports({ stack }: DoctorContext): Promise<DoctorOutcome> {
  const { ports: wanted, services, dataDir, docker } = preflightSpec(stack.settings);
  const taken = await takenPorts(wanted, {
    services: services.map((service) => identify({ stack: stack.name, service, dataDir })),
    docker: docker && { stack: stack.name, context: docker.context },
  });
  const [first] = taken;
  if (!first) return ok(`${wanted.map(({ port }) => port).join(", ")} are free or this stack's own`);
  const text = ({ setting, port, by, code }: (typeof taken)[number]) =>
    `${port} (\`${setting}\`) ${by === undefined ? `is not for this user (${code})` : `is held by ${by}`}`;
  return broken(
    taken.map(text).join("; "),
    `stop that program, or npm run pulumi -- config set ${first.setting} to another one --stack ${stack.name}`,
  );
}

async function keys({ stack: { name, pulumi, settings }, outputs }: DoctorContext): Promise<DoctorOutcome> {
  const given = async (key: "signingKey" | "eventKey") =>
    outputs ? outputs[key] : settings.keys[key] && (await pulumi.setting(name, key));
  const [signingKey, eventKey] = await Promise.all([given("signingKey"), given("eventKey")]);
  const wrong = [
    ...(signingKey === undefined ? [] : [["signing key", signingKeyProblem(signingKey)] as const]),
    ...(eventKey === undefined ? [] : [["event key", eventKeyProblem(eventKey)] as const]),
  ].flatMap(([what, problem]) => (problem ? [`the ${what} ${problem}`] : []));
  if (wrong.length > 0) {
    return broken(
      wrong.join("; "),
      `npm run pulumi -- config set --secret signingKey --stack ${name}, or config rm, for a generated one`,
    );
  }
  const whose = settings.keysFrom
    ? `of stack ${settings.keysFrom}`
    : outputs
      ? "of this stack"
      : "come with the first up";
  return ok(`signing key and event key ${whose}: bare hex, and safe in a path`);
}

async function listeners({ stack, outputs }: DoctorContext): Promise<DoctorOutcome> {
  if (!outputs) return ok("nothing of the stack runs");
  const open = await openListeners(stack);
  const undocumented = open.filter(({ documented }) => !documented);
  if (undocumented.length > 0) {
    const list = undocumented.map(({ who, host, port }) => `${who} at ${host}:${port}`).join(", ");
    return broken(`other machines reach ${list}`, `close it, and npm start -- --stack ${stack.name}`);
  }
  if (open.length === 0) return ok("everything listens on loopback only");
  return warning(
    `Connect's ports listen on every interface, as always on this tier: ${open
      .map(({ port }) => port)
      .sort()
      .join(", ")}`,
    "in a network that you do not trust, close them with a firewall, or use the stack persistent",
  );
}

async function sizes({ stack }: DoctorContext): Promise<DoctorOutcome> {
  const found = await sizesOf(stack);
  const seen = found.map(({ what, bytes }) => `${what} ${readable(bytes)}`).join(", ") || "nothing is stored yet";
  const problem = sizeProblem(stack.name, found);
  return problem ? warning(`${seen}: ${problem.what}`, problem.remedy ?? "") : ok(seen);
}

async function versions({ stack: { name, parts, settings } }: DoctorContext): Promise<DoctorOutcome> {
  const server = await serverVersion(parts);
  const traps = trapsOf({ server, tier: settings.tier, transport: settings.worker.transport });
  if (traps.length === 0) return ok(`server ${server}: no known trap`);
  const setting = parts.find("server")?.image?.setting ?? "serverBinary";
  return warning(
    `server ${server}: ${traps.join("; ")}`,
    `npm run pulumi -- config rm ${setting} --stack ${name}, for the version that this project is tested with`,
  );
}
