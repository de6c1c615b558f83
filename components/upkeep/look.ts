/**
 * Says what a stack has: rows, when its newest run or event came, runs without an end. Changes nothing.
 * Standard input: a {@link LookOrder}; standard output: a {@link Seen}.
 */
import { readStdin, runScript } from "../host/problem.ts";
import type { Database } from "./database.ts";
import { type Counts, lookAt } from "./history.ts";
import { PostgresHistory } from "./postgres-history.ts";
import { Redis } from "./redis.ts";

export interface LookOrder {
  database: Database;
  queueUrl?: string | undefined;
  /** What came later does not count as news, in milliseconds since 1970. */
  before?: number | undefined;
}

export interface Seen {
  counts: Counts;
  /** When the newest run or event came, in milliseconds since 1970; 0 when there is none. */
  newest: number;
  unfinished: number;
  keys?: number;
}

await runScript(async () => {
  const { database, queueUrl, before } = await readStdin<LookOrder>();
  const seen: Seen = typeof database === "string" ? lookAt(database, before) : await lookInto(database.psql, before);
  if (queueUrl) {
    const redis = await Redis.connect(queueUrl);
    seen.keys = Number(await redis.command("DBSIZE"));
    redis.close();
  }
  process.stdout.write(JSON.stringify(seen));
});

async function lookInto(folder: string, before?: number): Promise<Seen> {
  const history = await PostgresHistory.at(folder);
  try {
    const unfinished = (await history.unfinishedRuns()).size;
    return { counts: await history.counts(), newest: await history.newest(before), unfinished };
  } finally {
    history.close();
  }
}
