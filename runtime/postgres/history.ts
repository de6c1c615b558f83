import { join } from "node:path";
import { type Counts, checkCopy, untilUnchanged } from "../../lib/data/history.ts";
import { readDump } from "../../lib/data/history-dump.ts";
import { endCodes } from "../../lib/data/run-status.ts";
import { hexOf, timeOf, ulidAt, ulidOf } from "../../lib/data/ulid.ts";
import { Problem } from "../../lib/problem.ts";
import { Psql } from "./psql.ts";

/** Schemas with replaced data, which {@link PostgresHistory.copyTo} leaves out. */
const previousSchemas = "replaced-*";

/** The servers' history in Postgres, open while the servers run. */
export class PostgresHistory {
  readonly psql: Psql;

  private constructor(psql: Psql) {
    this.psql = psql;
  }

  /** @throws {Problem} when Postgres cannot be reached, or the history is not in the schema `public` */
  static async at(folder: string): Promise<PostgresHistory> {
    const psql = await Psql.at(folder);
    try {
      const { schema } = await psql.row<{ schema: string | null }>("select current_schema() as schema");
      if (schema === "public" || schema === null) return new PostgresHistory(psql);
      throw new Problem(
        `the history must be in the Postgres schema public, and this user's default schema is ${schema}`,
        `use a database user without a schema of its own`,
      );
    } catch (error) {
      psql.close();
      throw error;
    }
  }

  /** Waits until the servers have flushed their pending writes. */
  async quiesce(): Promise<void> {
    // Changes with every transaction that writes.
    const query = "select pg_current_snapshot()::text as version";
    await untilUnchanged(async () => (await this.psql.row<{ version: string }>(query)).version);
  }

  /** Begins a read transaction: later reads see the data of this moment, while the servers keep writing. */
  async beginSnapshot(): Promise<void> {
    await this.psql.run("begin isolation level repeatable read read only");
    await this.psql.row("select 1 as begun");
  }

  /** Copies the snapshot to `history.sql` in `folder` with pg_dump. @throws {Problem} when the copy lacks rows */
  async copyTo(folder: string): Promise<{ counts: Counts; unfinished: number }> {
    const { snapshot } = await this.psql.row<{ snapshot: string }>("select pg_export_snapshot() as snapshot");
    const file = join(folder, "history.sql");
    const flags = ["--no-owner", "--no-privileges", "--no-password", `--exclude-schema=${previousSchemas}`];
    await this.psql.program("pg_dump", [...flags, `--snapshot=${snapshot}`, `--file=${file}`]);
    const counts = await this.counts();
    checkCopy(await readDump(file), counts);
    return { counts, unfinished: (await this.unfinishedRuns()).size };
  }

  async tables(): Promise<string[]> {
    const tables = await this.psql.rows<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public' order by tablename collate \"C\"",
    );
    return tables.map(({ name }) => name);
  }

  async counts(): Promise<Counts> {
    const counts: Counts = {};
    for (const name of await this.tables()) {
      const { count } = await this.psql.row<{ count: number }>(`select count(*) as count from public."${name}"`);
      counts[name] = count;
    }
    return counts;
  }

  /** When the last run or event before `before` began, in milliseconds since 1970; 0 when there is none. */
  async newest(before = Date.now()): Promise<number> {
    const end = ulidAt(before).toString("hex");
    const last = (table: string, column: string) =>
      `(select encode(${column}, 'hex') as id from ${table} where ${column} < '\\x${end}' order by ${column} desc limit 1)`;
    const found = await this.psql.rows<{ id: string }>(
      `${last("function_runs", "run_id")} union all ${last("events", "internal_id")}`,
    );
    return Math.max(0, ...found.map(({ id }) => timeOf(Buffer.from(id, "hex"))));
  }

  /** Hex ids of runs whose end is in neither table: the server writes both, and may lose a row of either. */
  async unfinishedRuns(): Promise<Set<string>> {
    const ids = async (query: string) => (await this.psql.rows<{ id: string }>(query)).map(({ id }) => id);
    const begun = await ids(
      `select upper(encode(run_id, 'hex')) as id from function_runs as run
       where not exists (select from function_finishes as finish where finish.run_id = run.run_id)`,
    );
    const traced = await ids(`select run_id as id from trace_runs where status not in (${endCodes})`);
    const runs = new Set([...begun, ...traced.map(hexOf)]);
    if (runs.size === 0) return runs;
    // One table stores ids as bytes and the other as text.
    const texts = [...runs].map((id) => `'${ulidOf(id)}'`).join(",");
    const bytes = [...runs].map((id) => `'\\x${id}'`).join(",");
    const isEnd = `status in (${endCodes}) and run_id in (${texts})`;
    const ended = await ids(`select run_id as id from trace_runs where ${isEnd}`);
    const finished = await ids(
      `select upper(encode(run_id, 'hex')) as id from function_finishes where run_id in (${bytes})`,
    );
    for (const run of [...ended.map(hexOf), ...finished]) runs.delete(run);
    return runs;
  }

  close(): void {
    this.psql.close();
  }
}
