import { execa } from "execa";
import { onPath } from "../lib/host/programs.ts";
import { forwardCommand } from "../lib/places/forward.ts";
import { Problem } from "../lib/problem.ts";
import { dashboardUser } from "../lib/render/caddyfile.ts";
import type { Forward } from "../lib/stack/endpoints.ts";
import { checkStack, defineCommand, runCommand } from "./lib/command.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

/** Outputs of a stack that this command reads; none before its first `up`. */
interface Outputs {
  dashboardUrl?: string;
  /** On the tiers whose dashboard asks for one. */
  dashboardPassword?: string;
  apiUrl: string;
  forward?: Forward;
}

const command = defineCommand("open", "Opens a stack's dashboard; its password, if it has one, is on the clipboard.")
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("-p, --print", "print the address and the password, open nothing and leave the clipboard alone")
  .addHelpText("after", "\nExample: npm run open -- --stack persistent")
  .action(open);

async function open({ stack, print }: { stack: string; print?: true }): Promise<void> {
  checkStack(stack);
  const pulumi = await Pulumi.find();
  await pulumi.ensureStack(stack);
  const { dashboardUrl, dashboardPassword, apiUrl, forward } = await pulumi.outputs<Outputs>(stack);
  if (!dashboardUrl) throw new Problem(`stack ${stack} is not up`, `npm start -- --stack ${stack}`);
  console.log(`Dashboard  ${dashboardUrl}`);
  if (forward && apiUrl === `http://127.0.0.1:${forward.server.local}`) {
    console.log(`           while this runs: ${forwardCommand(forward)}`);
  }
  if (dashboardPassword) {
    console.log(`User       ${dashboardUser}`);
    if (print) console.log(`Password   ${dashboardPassword}`);
    else if (await copied(dashboardPassword)) console.log("Password   on the clipboard");
    else console.log(`Password   no clipboard is here: npm run open -- --print --stack ${stack}`);
  }
  if (print) return;
  const opener = onPath(process.platform === "darwin" ? "open" : "xdg-open");
  const options = { reject: false, stdio: "ignore", timeout: 10_000 } as const;
  const opened = opener ? (await execa(opener, [dashboardUrl], options)).exitCode === 0 : false;
  if (!opened) console.log("           no browser could be opened here");
}

/** Programs that put their standard input on the clipboard: macOS, Wayland, X. */
const clipboards = [["pbcopy"], ["wl-copy"], ["xclip", "-selection", "clipboard"]] as const;

async function copied(text: string): Promise<boolean> {
  for (const [program, ...args] of clipboards) {
    if (!onPath(program)) continue;
    // Its standard output is not awaited: xclip stays to serve the clipboard and holds it open.
    const options = { input: text, stdout: "ignore", stderr: "ignore", reject: false, timeout: 10_000 } as const;
    const { exitCode } = await execa(program, args, options);
    if (exitCode === 0) return true;
  }
  return false;
}

await runCommand(command);
