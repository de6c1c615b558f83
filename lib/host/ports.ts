import { createServer } from "node:net";
import { type CommandFailed, run } from "../process.ts";
import { onPath } from "./programs.ts";
import type { Listener } from "./spec.ts";

/** Whether something already listens where `listener` wants to. */
export function isTaken({ host, port }: Listener): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(true);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

/** Whether `address` is one of this machine's. An interface without a carrier counts, unlike in os.networkInterfaces. */
export async function canListenOn(address: string): Promise<boolean> {
  return (await isTaken({ host: address, port: 0 }).catch(() => undefined)) !== undefined;
}

/** The process that listens on `port`, by `lsof` (macOS, most Linux) or `ss`; `undefined` when neither knows. */
export async function holderOf(port: number): Promise<{ pid: number; command: string } | undefined> {
  // lsof exits with 1 when it sees no listener.
  const byLsof = await run("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]).catch(() => "");
  const found = /^p(\d+)\nc(.+)$/m.exec(byLsof);
  if (found) return { pid: Number(found[1]), command: found[2] as string };
  const bySs = await run("ss", ["-Hltnp", `sport = :${port}`]).catch(() => "");
  const [, command, pid] = /\("([^"]+)",pid=(\d+)/.exec(bySs) ?? [];
  return command === undefined ? undefined : { pid: Number(pid), command };
}

/**
 * Where a process listens, by `lsof` (macOS, most Linux) or `ss`; a wildcard address is `*`.
 *
 * @throws {CommandFailed} when neither is on this machine
 */
export async function listenersOf(pid: number): Promise<Listener[]> {
  if (onPath("lsof")) {
    // It exits with 1 when the process listens nowhere.
    const printed = await run("lsof", ["-nP", "-a", `-p${pid}`, "-iTCP", "-sTCP:LISTEN", "-Fn"]).catch(
      (error: CommandFailed) => error.stdout,
    );
    return [...printed.matchAll(/^n(.+):(\d+)$/gm)].map(([, host, port]) => listener(host, port));
  }
  return (await run("ss", ["-Hltnp"]))
    .split("\n")
    .filter((line) => line.includes(`pid=${pid},`))
    .flatMap((line) => {
      const [, host, port] = /^\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(line) ?? [];
      return host === undefined ? [] : [listener(host, port)];
    });
}

function listener(host = "", port = ""): Listener {
  const bare = host.replace(/^\[|\]$/g, "");
  return { host: bare === "0.0.0.0" || bare === "::" ? "*" : bare, port: Number(port) };
}
