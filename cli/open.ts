import { onPath } from "../lib/host/programs.ts";
import { forwardCommand, neededForward } from "../lib/places/forward.ts";
import { dashboardUser } from "../lib/render/caddyfile.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { execa } from "./lib/execa.ts";
import { LiveStack } from "./lib/live-stack.ts";

const command = defineCommand(
  "open",
  "Opens a stack's dashboard, and puts its password, if it has one, on the clipboard.",
)
  .option("-s, --stack <stack>", "the stack, one of the Pulumi.<stack>.yaml files", "dev")
  .option("-p, --print", "only print the address and the password")
  .addHelpText("after", "\nExample: npm run open -- --stack persistent")
  .action(open);

async function open({ stack, print }: { stack: string; print?: true }): Promise<void> {
  const { outputs } = await LiveStack.find(stack);
  const { dashboardUrl, dashboardPassword } = outputs;
  const forward = neededForward(outputs);
  console.log(`Dashboard  ${dashboardUrl}`);
  if (forward) console.log(`           while this runs: ${forwardCommand(forward)}`);
  if (dashboardPassword) {
    console.log(`User       ${dashboardUser}`);
    if (print) console.log(`Password   ${dashboardPassword}`);
    else if (await copied(dashboardPassword)) console.log("Password   on the clipboard");
    else console.log(`Password   no clipboard found: npm run open -- --print --stack ${stack}`);
  }
  if (print) return;
  const opener = onPath(process.platform === "darwin" ? "open" : "xdg-open");
  const options = { reject: false, stdio: "ignore", timeout: 10_000 } as const;
  const opened = opener ? (await execa(opener, [dashboardUrl], options)).exitCode === 0 : false;
  if (!opened) console.log("           no browser could be opened");
}

/** Programs that put their standard input on the clipboard: macOS, Wayland, X. */
const clipboards = [["pbcopy"], ["wl-copy"], ["xclip", "-selection", "clipboard"]] as const;

async function copied(text: string): Promise<boolean> {
  for (const [program, ...args] of clipboards) {
    if (!onPath(program)) continue;
    // Its output is not awaited: xclip keeps running to serve the clipboard, and holds the output open.
    const options = { input: text, stdout: "ignore", stderr: "ignore", reject: false, timeout: 10_000 } as const;
    const { exitCode } = await execa(program, args, options);
    if (exitCode === 0) return true;
  }
  return false;
}

await runCommand(command);
