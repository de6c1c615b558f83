/**
 * Reports a stack's row counts, newest run or event, and unfinished runs. Changes nothing.
 * Standard input: an {@link InspectRequest}; standard output: an {@link Inspection}.
 */

import { inspectHistory } from "../lib/data/history.ts";
import { Redis } from "../lib/data/redis.ts";
import type { Inspection, InspectRequest } from "../lib/data/requests.ts";
import { readStdin, runScript } from "../lib/problem.ts";
import { PostgresHistory } from "./postgres/history.ts";

await runScript(async () => {
  const { database, queueUrl, before } = await readStdin<InspectRequest>();
  const inspection: Inspection =
    typeof database === "string" ? inspectHistory(database, before) : await inspectPostgres(database.psql, before);
  if (queueUrl) {
    const redis = await Redis.connect(queueUrl);
    inspection.keys = Number(await redis.command("DBSIZE"));
    redis.close();
  }
  process.stdout.write(JSON.stringify(inspection));
});

async function inspectPostgres(folder: string, before?: number): Promise<Inspection> {
  const history = await PostgresHistory.at(folder);
  try {
    const unfinished = (await history.unfinishedRuns()).size;
    return { counts: await history.counts(), newest: await history.newest(before), unfinished };
  } finally {
    history.close();
  }
}
