/**
 * Says what a stack has: rows, when its newest run or event came, runs without an end. Changes nothing.
 * Standard input: a {@link InspectRequest}; standard output: a {@link Inspection}.
 */

import { lookAt } from "../lib/data/history.ts";
import type { Inspection, InspectRequest } from "../lib/data/requests.ts";
import { readStdin, runScript } from "../lib/problem.ts";
import { PostgresHistory } from "./postgres/history.ts";
import { Redis } from "./redis/redis.ts";

await runScript(async () => {
  const { database, queueUrl, before } = await readStdin<InspectRequest>();
  const seen: Inspection =
    typeof database === "string" ? lookAt(database, before) : await lookInto(database.psql, before);
  if (queueUrl) {
    const redis = await Redis.connect(queueUrl);
    seen.keys = Number(await redis.command("DBSIZE"));
    redis.close();
  }
  process.stdout.write(JSON.stringify(seen));
});

async function lookInto(folder: string, before?: number): Promise<Inspection> {
  const history = await PostgresHistory.at(folder);
  try {
    const unfinished = (await history.unfinishedRuns()).size;
    return { counts: await history.counts(), newest: await history.newest(before), unfinished };
  } finally {
    history.close();
  }
}
