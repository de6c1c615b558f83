import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { onPath } from "./programs.ts";
import type { Listener } from "./spec.ts";

const run = promisify(execFile);

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

/** Whether `address` is one of this machine's; an interface without a carrier counts, unlike in os.networkInterfaces. */
export async function canListenOn(address: string): Promise<boolean> {
  return isTaken({ host: address, port: 0 }).then(
    () => true,
    () => false,
  );
}

/** A process that listens on a port, as far as this user may know. */
export interface Holder {
  pid: number;
  command: string;
}

/** Who listens on `port`: by `lsof` (macOS, most Linux) or `ss`; `undefined` when neither tells. */
export async function holderOf(port: number): Promise<Holder | undefined> {
  try {
    const { stdout } = await run("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
    const found = /^p(\d+)\nc(.+)$/m.exec(stdout);
    if (found) return { pid: Number(found[1]), command: found[2] as string };
  } catch {
    // lsof is absent, or exits 1 when it sees no listener.
  }
  try {
    const { stdout } = await run("ss", ["-Hltnp", `sport = :${port}`]);
    const found = /\("([^"]+)",pid=(\d+)/.exec(stdout);
    if (found) return { pid: Number(found[2]), command: found[1] as string };
  } catch {
    // ss is absent (macOS).
  }
  return undefined;
}

/** Where a process listens, by `lsof` (macOS, most Linux) or `ss`; a wildcard address is `*`. Throws when neither is here. */
export async function listenersOf(pid: number): Promise<Listener[]> {
  if (onPath("lsof")) {
    // It exits 1 when the process listens nowhere.
    const { stdout } = await run("lsof", ["-nP", "-a", `-p${pid}`, "-iTCP", "-sTCP:LISTEN", "-Fn"]).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? "" }),
    );
    return [...stdout.matchAll(/^n(.+):(\d+)$/gm)].map(([, host, port]) => listener(host, port));
  }
  const { stdout } = await run("ss", ["-Hltnp"]);
  return stdout
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
