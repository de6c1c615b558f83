import { randomBytes } from "node:crypto";
import type { ReadStream, WriteStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { linesOf } from "../../lib/data/lines.ts";
import { pipes } from "../../lib/data/psql-pipes.ts";
import { Problem } from "../../lib/problem.ts";
import { untilWorks } from "../../lib/wait.ts";

/** Seconds within which a psql must open its ends of the pipes. */
const connectTimeout = 60;

/**
 * A connection to a psql in another container of the pod, through two named pipes in a folder that both mount. This
 * program's image has Node only, and pg_dump must run where psql is. Closing the connection ends psql.
 */
export class Psql {
  readonly #input: WriteStream;
  readonly #lines: AsyncIterator<string>;
  readonly #output: ReadStream;
  /** Ends every answer; no answer contains it. */
  readonly #mark = randomBytes(16).toString("hex");

  private constructor(input: FileHandle, output: FileHandle) {
    this.#input = input.createWriteStream();
    // When psql has ended, its last output says why.
    this.#input.on("error", () => undefined);
    this.#output = output.createReadStream();
    this.#lines = linesOf(this.#output, "utf8");
  }

  /** @throws {Problem} when no psql opens the pipes in `folder` */
  static async at(folder: string): Promise<Psql> {
    const deadline = Date.now() + connectTimeout * 1000;
    const late = () => new Problem(`no psql has opened the pipes within ${connectTimeout} s`);
    const paths = [join(folder, pipes.input), join(folder, pipes.output)] as const;
    for (const path of paths) {
      const seconds = (deadline - Date.now()) / 1000;
      if (!(await untilWorks({ seconds, every: 50 }, () => stat(path)))) throw late();
    }
    // A pipe opens once both ends are open, and psql opens them in this order.
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
   * Runs commands of SQL or of psql, and resolves to psql's output.
   *
   * @throws {Problem} with the error of Postgres; psql has ended then
   */
  async run(commands: string): Promise<string[]> {
    this.#input.write(`${commands}\n;\nselect '${this.#mark}';\n`);
    return (await this.#readUntil((line) => line === this.#mark)).lines;
  }

  async rows<T>(query: string): Promise<T[]> {
    const [answer = "[]"] = await this.run(`select coalesce(jsonb_agg(row), '[]') from (${query}) as row`);
    return JSON.parse(answer) as T[];
  }

  /** The row of a query that has one. */
  async row<T>(query: string): Promise<T> {
    const [first] = await this.rows<T>(query);
    return first as T;
  }

  /** Runs a program in psql's container. @throws {Problem} with its error output when it fails */
  async program(command: string, args: string[]): Promise<void> {
    const quoted = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    this.#input.write(`\\! ${quoted} 2>&1; echo; echo ${this.#mark} $?\n`);
    const { lines, end } = await this.#readUntil((line) => line.startsWith(this.#mark));
    if (end !== `${this.#mark} 0`) throw new Problem(reasonIn(lines, command));
  }

  close(): void {
    this.#input.end();
    this.#output.destroy();
  }

  async #readUntil(isEnd: (line: string) => boolean): Promise<{ lines: string[]; end: string }> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Problem(reasonIn(lines, "psql"));
      if (isEnd(value)) return { lines, end: value };
      lines.push(value);
    }
  }
}

/** The error in a Postgres program's output, with its detail. */
function reasonIn(output: string[], program: string): string {
  const lines = output.map((line) => line.trim()).filter(Boolean);
  const [error, ...more] = lines.slice(lines.findIndex((line) => /(error|fatal):/i.test(line)));
  const detail = more.find((line) => /detail:/i.test(line));
  return [error ?? `${program} has ended`, ...(detail ? [detail] : [])].join(" ");
}
