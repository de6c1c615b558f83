import { join, resolve } from "node:path";
import { dataFolder } from "../host/paths.ts";
import { inngestVersion, locate } from "../host/programs.ts";
import { resolved } from "../host/service-files.ts";
import { pathOf } from "../runtime-files.ts";
import type { HostPlace } from "../stack/stores.ts";
import type { StackData } from "./data.ts";
import { answerOf } from "./data-programs.ts";

const project = resolve(import.meta.dirname, "../..");

/** The data of a stack whose server is a process of this machine. */
export function hostData(stack: string, { dataDir }: HostPlace, serverBinary?: string): StackData {
  const folder = dataFolder(stack, dataDir);
  const database = join(folder, "server", "main.db");
  return {
    database,
    previousAt: (name) => join(folder, name),
    runNextToData(program, { queueUrl: url, ...request }, files) {
      const queueUrl = typeof url === "object" ? resolved(url, folder) : url;
      return answerOf(process.execPath, [join(project, pathOf(program))], {
        ...{ ...request, queueUrl, database },
        folder: files,
      });
    },
    serverVersion: () => inngestVersion(locate({ kind: "inngest", binary: serverBinary })),
  };
}
