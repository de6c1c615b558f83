import { NonRetriableError } from "inngest";
import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { firstIssueOf } from "../errors.ts";
import { recordImported } from "../events.ts";

/**
 * Imports records in batches: up to 100 of one collection, or those that arrived within 5 seconds.
 *
 * The trigger is the event's name only: with the schema, the SDK would reject a whole batch for one malformed event. Each event
 * is checked here instead. The valid records are imported, then the run fails and names the others.
 */
export const importRecords = inngest.createFunction(
  {
    id: "import-records",
    batchEvents: { maxSize: 100, timeout: "5s", key: "event.data.collection" },
    retries: 3,
    triggers: [{ event: recordImported.name }],
  },
  async ({ events, step, runId }) => {
    const lines: string[] = [];
    const rejected: string[] = [];
    let collection = "";
    for (const [index, { data }] of events.entries()) {
      const checked = recordImported.schema.safeParse(data);
      if (checked.success) {
        collection = checked.data.collection;
        lines.push(JSON.stringify(checked.data.record));
      } else {
        rejected.push(`record ${index + 1}: ${firstIssueOf(checked.error)}`);
      }
    }
    if (lines.length > 0) {
      // One file per batch, named after the run: a retry writes the same file again instead of appending to it.
      await step.run("write", () =>
        writeAtomically(dataPath("imports", collection, `${runId}.jsonl`), `${lines.join("\n")}\n`),
      );
    }
    if (rejected.length > 0) {
      throw new NonRetriableError(
        `${rejected.length} of ${events.length} records rejected: ${rejected.slice(0, 20).join("; ")}`,
      );
    }
    return { collection, imported: lines.length };
  },
);
