import { createReadStream, existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis, replaceQueue } from "../../lib/data/redis.ts";
import type { RestoreRequest } from "../../lib/data/requests.ts";
import { Problem } from "../../lib/problem.ts";
import { type Column, copyLine, type Value } from "./copy-rows.ts";
import { PostgresHistory } from "./history.ts";

/** Bytes of the replaced queue in each row of `queue_rdb`: a row has 1 GB at most. */
const rowBytes = 768 * 1024;

/**
 * Replaces the history in Postgres with `history.sql` of `folder`, or with the rows of its `history.db`, and the queue
 * with its `queue.rdb`. The transaction commits once Redis has loaded the queue, so a failure leaves everything as it was.
 * The replaced history goes to the schema `previous`, and the replaced queue to its table `queue_rdb`.
 */
export async function restorePostgres(
  psqlFolder: string,
  { queueUrl, folder, previous, snapshotPort }: Omit<RestoreRequest, "database">,
): Promise<void> {
  const history = await PostgresHistory.at(psqlFolder);
  const { psql } = history;
  const redis = queueUrl ? await Redis.connect(queueUrl) : undefined;
  const previousQueue = join(folder, "replaced.rdb");
  try {
    const dump = join(folder, "history.sql");
    const isDump = existsSync(dump);
    await psql.run("begin");
    await (isDump ? psql.run(`alter schema public rename to "${previous}"`) : moveRows(history, previous));
    if (redis) {
      await redis.untilIdle();
      await redis.snapshot(previousQueue);
      const rows = join(folder, "replaced.base64");
      await writeFile(rows, base64Rows(previousQueue), { mode: 0o600 });
      await psql.run(`create table "${previous}".queue_rdb (part bigserial, base64 text not null)`);
      await psql.run(`\\copy "${previous}".queue_rdb (base64) from '${rows}'`);
    }
    await (isDump ? psql.run(`create schema public;\n\\i ${dump}`) : copyRows(history, folder));
    if (redis) await replaceQueue(redis, { folder, previous: previousQueue, snapshotPort });
    await psql.run("commit").catch(async (error: Error) => {
      await redis?.load(previousQueue, snapshotPort);
      throw error;
    });
  } finally {
    redis?.close();
    history.close();
  }
}

/** Tables in which the server records its migrations; those of SQLite do not apply to Postgres. */
const migrations = ["migrations", "goose_db_version"];

/** Moves the rows of the servers' tables to another schema. */
async function moveRows(history: PostgresHistory, previous: string): Promise<void> {
  const tables = (await history.tables()).filter((table) => !migrations.includes(table));
  const copies = tables.map((table) => `create table "${previous}"."${table}" as table public."${table}"`);
  const all = tables.map((table) => `public."${table}"`).join(", ");
  await history.psql.run([`create schema "${previous}"`, ...copies, `truncate ${all}`].join(";\n"));
}

/** Copies the tables and columns that both databases have from `history.db`. */
async function copyRows({ psql }: PostgresHistory, folder: string): Promise<void> {
  const database = new DatabaseSync(join(folder, "history.db"));
  const tables = await psql.rows<{ table: string; columns: Column[] }>(
    `select table_name as table, jsonb_agg(jsonb_build_object(
       'name', column_name, 'type', data_type, 'length', character_maximum_length)) as columns
     from information_schema.columns where table_schema = 'public' group by table_name`,
  );
  try {
    for (const { table, columns } of tables.filter(({ table }) => !migrations.includes(table))) {
      const there = database
        .prepare("SELECT name FROM pragma_table_info(?)")
        .all(table)
        .map(({ name }) => name);
      const both = columns.filter(({ name }) => there.includes(name));
      if (both.length === 0) continue;
      const rows = join(folder, `${table}.rows`);
      await writeFile(rows, linesOfTable(database, table, both), { mode: 0o600 });
      await psql.run(`\\copy public."${table}" (${both.map(({ name }) => `"${name}"`).join(", ")}) from '${rows}'`);
      await rm(rows);
      const { count } = database.prepare(`SELECT count(*) AS count FROM "${table}"`).get() as { count: number };
      const { found } = await psql.row<{ found: number }>(`select count(*) as found from public."${table}"`);
      if (found !== count) throw new Problem(`Postgres has loaded ${found} of ${count} rows of ${table}`);
    }
  } finally {
    database.close();
  }
}

function* linesOfTable(database: DatabaseSync, table: string, columns: Column[]): Generator<string> {
  const names = columns.map(({ name }) => `"${name}"`).join(", ");
  const rows = database.prepare(`SELECT ${names} FROM "${table}"`);
  // The server's integers may exceed the safe integers of JavaScript.
  rows.setReadBigInts(true);
  for (const row of rows.iterate()) {
    yield `${copyLine(columns, row as Record<string, Value>)}\n`;
  }
}

/** A file as lines of base64 for psql's `\copy`. */
async function* base64Rows(file: string): AsyncGenerator<string> {
  const pieces: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: rowBytes });
  for await (const piece of pieces) yield `${piece.toString("base64")}\n`;
}
