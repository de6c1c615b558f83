import { execFileSync } from "node:child_process";
import { chmodSync, globSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Subject, untilReady } from "./subject.ts";

/** Debian installs the programs in a folder per version, outside PATH. */
const [binaries = ""] = globSync("/usr/lib/postgresql/*/bin").sort().reverse();

/** Starts Postgres with its defaults as the program `database` and waits until it answers. Creates it on first start. */
export async function startPostgres({ folder, programs }: Subject, port: number, database: string): Promise<void> {
  const data = join(folder, "database");
  const user = postgresUser();
  const fresh = !statSync(data, { throwIfNoEntry: false });
  if (fresh) {
    chmodSync(folder, 0o711);
    mkdirSync(data, { mode: 0o700 });
    if (user) execFileSync("chown", [`${user.uid}:${user.gid}`, data]);
    const flags = ["--username=bench", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", data];
    execFileSync(program("initdb"), flags, { ...user, cwd: data, stdio: "ignore" });
  }
  const flags = ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", data];
  programs.start("database", program("postgres"), flags, { cwd: data, ...(user && { user }) });
  const query = (sql: string) =>
    execFileSync(program("psql"), ["-h", "127.0.0.1", "-p", String(port), "-U", "bench", "-c", sql, "postgres"], {
      stdio: "ignore",
    });
  await untilReady(async () => {
    query("select 1");
    return true;
  });
  if (fresh) query(`create database ${database}`);
}

export function postgresUrl(port: number, database: string): string {
  return `postgres://bench@127.0.0.1:${port}/${database}?sslmode=disable`;
}

function program(name: string): string {
  return join(binaries, name);
}

/** The user that Postgres runs as, because it refuses to run as root; `undefined` for the current one. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
