import { NonRetriableError } from "inngest";
import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { recordImported } from "../events.ts";

/**
 * Imports records in batches: up to a hundred of one collection, or what came within five seconds.
 *
 * The trigger is the event's bare name, because the SDK would refuse a whole batch for one malformed event. Each event is
 * checked here instead: the good ones are imported, then the run fails and names the bad ones.
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
    const refused: string[] = [];
    let collection = "";
    for (const [index, { data }] of events.entries()) {
      const checked = recordImported.schema.safeParse(data);
      if (checked.success) {
        collection = checked.data.collection;
        lines.push(JSON.stringify(checked.data.record));
      } else {
        const [issue] = checked.error.issues;
        refused.push(`record ${index + 1}: ${issue?.path.join(".")}: ${issue?.message}`);
      }
    }
    if (lines.length > 0) {
      // One file a batch, named by its run: a retry writes the same file again instead of adding to one.
      await step.run("write", () =>
        writeAtomically(dataPath("imports", collection, `${runId}.jsonl`), `${lines.join("\n")}\n`),
      );
    }
    if (refused.length > 0) {
      throw new NonRetriableError(
        `${refused.length} of ${events.length} records refused; ${refused.slice(0, 20).join("; ")}`,
      );
    }
    return { collection, imported: lines.length };
  },
);
