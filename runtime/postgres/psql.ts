import { randomBytes } from "node:crypto";
import type { ReadStream, WriteStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { linesOf } from "../../lib/data/lines.ts";
import { psqlPipes } from "../../lib/data/requests.ts";
import { Problem } from "../../lib/problem.ts";

/** Seconds for a psql to take its end of the pipes. */
const comeSeconds = 60;

/**
 * A psql in another container of the pod, reached by two pipes in a folder that both have: these scripts run where only
 * Node is, and pg_dump must be of the same place as psql. It ends with this connection.
 */
export class Psql {
  readonly #input: WriteStream;
  readonly #lines: AsyncIterator<string>;
  readonly #output: ReadStream;
  /** A line that no answer has. */
  readonly #mark = randomBytes(16).toString("hex");

  private constructor(input: FileHandle, output: FileHandle) {
    this.#input = input.createWriteStream();
    // A psql that has ended is told by what it wrote last.
    this.#input.on("error", () => undefined);
    this.#output = output.createReadStream();
    this.#lines = linesOf(this.#output, "utf8");
  }

  /** Throws {@link Problem} where no psql comes to the pipes in `folder`. */
  static async at(folder: string): Promise<Psql> {
    const deadline = Date.now() + comeSeconds * 1000;
    const late = () => new Problem(`no psql has come within ${comeSeconds} s`);
    const paths = [join(folder, psqlPipes.input), join(folder, psqlPipes.output)] as const;
    for (const path of paths) {
      while (!(await stat(path).catch(() => undefined))) {
        if (Date.now() > deadline) throw late();
        await sleep(50);
      }
    }
    // A pipe opens when both of its ends do, and psql opens them in this order.
    const opened = (async () => [await open(paths[0], "w"), await open(paths[1], "r")] as const)();
    const timer = new AbortController();
    const waited = sleep(deadline - Date.now(), undefined, { signal: timer.signal }).then(() => {
      throw late();
    });
    waited.catch(() => undefined);
    const [input, output] = await Promise.race([opened, waited]);
    timer.abort();
    return new Psql(input, output);
  }

  /**
   * Runs commands, of SQL or of psql, and returns what psql prints. Throws {@link Problem} with what Postgres says against
   * them; that is the end of this psql.
   */
  async run(commands: string): Promise<string[]> {
    this.#input.write(`${commands}\n;\nselect '${this.#mark}';\n`);
    return (await this.#until((line) => line === this.#mark)).lines;
  }

  /** The rows of a query. */
  async rows<T>(query: string): Promise<T[]> {
    const [answer = "[]"] = await this.run(`select coalesce(jsonb_agg(row), '[]') from (${query}) as row`);
    return JSON.parse(answer) as T[];
  }

  /** The only row of a query. */
  async row<T>(query: string): Promise<T> {
    const [first] = await this.rows<T>(query);
    return first as T;
  }

  /** Runs a program beside psql. Throws {@link Problem} with what it says when it fails. */
  async program(command: string, args: string[]): Promise<void> {
    const quoted = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    this.#input.write(`\\! ${quoted} 2>&1; echo; echo ${this.#mark} $?\n`);
    const said = await this.#until((line) => line.startsWith(this.#mark));
    if (said.end !== `${this.#mark} 0`) throw new Problem(reasonOf(said.lines, command));
  }

  close(): void {
    this.#input.end();
    this.#output.destroy();
  }

  async #until(isEnd: (line: string) => boolean): Promise<{ lines: string[]; end: string }> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Problem(reasonOf(lines, "psql"));
      if (isEnd(value)) return { lines, end: value };
      lines.push(value);
    }
  }
}

/** What a program of Postgres' says that it fails for. */
function reasonOf(lines: string[], program: string): string {
  const said = lines.map((line) => line.trim()).filter(Boolean);
  const [error, ...more] = said.slice(said.findIndex((line) => /(error|fatal):/i.test(line)));
  const detail = more.find((line) => /detail:/i.test(line));
  return [error ?? `${program} has ended`, ...(detail ? [detail] : [])].join(" ");
}
