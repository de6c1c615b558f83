import { join } from "node:path";
import { execa } from "execa";
import { TestStack } from "../tools/test-stack.ts";
import { figure, interleave, type Report, report, timed } from "./support/measure.ts";

/** The daily commands on a stack that is up, against an empty Node program and one `pulumi stack output`. */
export async function run(rounds: number): Promise<Report> {
  const stack = await TestStack.create("dev", { protectData: "false" });
  const options = {
    cwd: stack.home,
    // A check for a newer CLI would add the network's time.
    env: { ...stack.environment, PULUMI_SKIP_UPDATE_CHECK: "true" },
    extendEnv: false,
    stdin: "ignore",
  } as const;
  const program = (file: string, ...args: string[]) => timed(() => execa(file, args, options));
  // The stack's folder links to this project: run.mjs must take that folder for the project's.
  const npm = (name: string, ...args: string[]) =>
    program(process.execPath, "--preserve-symlinks-main", join(stack.home, "cli", "run.mjs"), name, ...args);
  const commands = {
    start: () => npm("start", "--stack", stack.name),
    status: () => npm("status", "--stack", stack.name),
    doctor: () => npm("doctor", "--stack", stack.name),
    help: () => npm("doctor", "--help"),
  };
  const baselines = {
    "node -e 0": () => program(process.execPath, "-e", "0"),
    "pulumi stack output": () =>
      program("pulumi", "stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack.name),
  };
  try {
    stack.writeSettings();
    stack.linkProject();
    // Brings the stack up, and fills the compile cache of each command.
    for (const side of Object.values({ ...commands, ...baselines })) await side();
    const times = await interleave("commands", rounds, { ...commands, ...baselines });
    return report(
      "commands",
      "Each command as npm runs it, without npm itself, on a stack of tier `process` that is up: `start` without changes, which sends an " +
        "event and waits for its run; `status`; `doctor`; and `--help` of `doctor`. Baselines: Node with an empty program, and the CLI's " +
        "`pulumi stack output`, which a command needs at least once to find the stack. Says nothing about other tiers.",
      (["start", "status", "doctor", "help"] as const).flatMap((command) =>
        (["node -e 0", "pulumi stack output"] as const).map((baseline) =>
          figure(`${command}, against ${baseline}`, "ms", times[command], times[baseline], rounds),
        ),
      ),
    );
  } finally {
    await stack.remove();
  }
}
