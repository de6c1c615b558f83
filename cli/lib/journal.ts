import { readFileSync, rmSync } from "node:fs";
import { writePrivateFile } from "../../lib/data/private-file.ts";
import { upkeepFile } from "../../lib/host/paths.ts";

/** How far a command of several steps has come, on disk: after it was killed, the next run continues from there. */
export class Journal<T> {
  readonly #file: string;

  /** @param name of the command and its stack, such as `upgrade-dev` */
  constructor(name: string) {
    this.#file = upkeepFile(`${name}.json`);
  }

  /** The last entry; `undefined` where nothing is under way. */
  read(): T | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8")) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  write(entry: T): void {
    writePrivateFile(this.#file, `${JSON.stringify(entry)}\n`);
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
