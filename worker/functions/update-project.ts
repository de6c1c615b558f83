import { readFile } from "node:fs/promises";
import { inngest } from "../client.ts";
import { dataPath, writeAtomically } from "../documents/files.ts";
import { projectChanged } from "../events.ts";

interface ProjectHistory {
  revision: number;
  /** The latest 100, newest first. */
  changes: string[];
}

/**
 * Keeps a numbered history for each project.
 *
 * It reads, changes and writes a file. That is safe because the concurrency key allows one run at a time for each project; runs
 * of different projects are concurrent.
 */
export const updateProject = inngest.createFunction(
  {
    id: "update-project",
    concurrency: { key: "event.data.project", limit: 1 },
    retries: 3,
    triggers: [projectChanged],
  },
  async ({ event, step }) => {
    const { project, summary } = event.data;
    const revision = await step.run("add revision", async () => {
      const path = dataPath("projects", `${project}.json`);
      const history = await readHistory(path);
      const next: ProjectHistory = {
        revision: history.revision + 1,
        changes: [summary, ...history.changes].slice(0, 100),
      };
      await writeAtomically(path, `${JSON.stringify(next, null, 2)}\n`);
      return next.revision;
    });
    return { project, revision };
  },
);

async function readHistory(path: string): Promise<ProjectHistory> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ProjectHistory;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { revision: 0, changes: [] };
    throw error;
  }
}
