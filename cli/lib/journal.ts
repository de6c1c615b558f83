import { readFileSync, rmSync } from "node:fs";
import { upkeepFile } from "../../lib/host/paths.ts";
import { writePrivateFile } from "../../lib/host/records.ts";

/** What a command of several steps has begun, on disk, so that the next try after a death in the middle goes on. */
export class Journal<T> {
  readonly #file: string;

  /** `name` tells the command and its stack. */
  constructor(name: string) {
    this.#file = upkeepFile(`${name}.json`);
  }

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
