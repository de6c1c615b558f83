const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Tells a person how a download goes: a line that changes on a terminal, one plain line elsewhere. */
export class Progress {
  readonly #what: string;
  readonly #terminal: Pick<NodeJS.WriteStream, "isTTY" | "write">;
  readonly #now: () => number;
  #first: { at: number; bytes: number } | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** @param what such as "Pulumi's CLI 3.259.0" */
  constructor(what: string, terminal: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr, now = Date.now) {
    this.#what = what;
    this.#terminal = terminal;
    this.#now = now;
  }

  /** @param total `undefined` where the server does not say it */
  at(bytes: number, total: number | undefined): void {
    const now = this.#now();
    if (!this.#first && !this.#terminal.isTTY) {
      const size = total === undefined ? "" : ` (${megabytes(total)} MB)`;
      this.#terminal.write(`Fetching ${this.#what}${size}.\n`);
    }
    this.#first ??= { at: now, bytes };
    if (!this.#terminal.isTTY || (now - this.#lastAt < 200 && bytes !== total)) return;
    this.#lastAt = now;
    this.#terminal.write(`\r\u001b[KFetching ${this.#what}: ${this.#figures(now, bytes, total)}`);
  }

  #figures(now: number, bytes: number, total: number | undefined): string {
    if (total === undefined) return `${megabytes(bytes)} MB`;
    const { at, bytes: before } = this.#first as { at: number; bytes: number };
    const perMillisecond = (bytes - before) / (now - at);
    const left = perMillisecond > 0 ? `, ${Math.ceil((total - bytes) / perMillisecond / 1000)} s left` : "";
    return `${megabytes(bytes)} of ${megabytes(total)} MB${left}`;
  }

  end(): void {
    if (this.#first && this.#terminal.isTTY) this.#terminal.write("\n");
  }
}
