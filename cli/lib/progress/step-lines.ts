import { terminalReport, writeOver } from "../checks/terminal.ts";
import type { EngineEvent, Operation } from "./events.ts";
import { type Mark, marks, stepOf, wordsFor } from "./steps.ts";

/** Columns of the words before their time. */
const wordsWidth = 14;

/**
 * Shows the engine's events as they come: a line for each step that a person knows, with its time. A terminal also shows
 * what is being done.
 */
export class StepLines {
  readonly #stack: string;
  readonly #stream: NodeJS.WriteStream;
  readonly #report;
  readonly #timer: NodeJS.Timeout;
  readonly #began = performance.now();
  /** When each operation that is not done has begun, by URN. */
  readonly #open = new Map<string, number>();
  readonly #failed = new Set<string>();
  /** Why resources have failed. */
  readonly #reasons: string[] = [];
  /** Errors of the program as a whole, of which a resource's failure also makes one. */
  readonly #complaints: string[] = [];
  readonly #said = new Set<string>();
  #doing = "look at what is there";
  #changes: Record<string, number> = {};

  constructor(stack: string, stream: NodeJS.WriteStream = process.stdout) {
    this.#stack = stack;
    this.#stream = stream;
    this.#report = terminalReport<Mark>(marks, stream);
    this.#timer = setInterval(() => this.#showDoing(), 1000);
  }

  /** Names of the steps that have failed, such as `server`. */
  get failed(): string[] {
    return [...this.#failed];
  }

  /** Whether everything has stayed as it was. */
  get isUnchanged(): boolean {
    return Object.keys(this.#changes).join() === "same";
  }

  see(event: EngineEvent): void {
    const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, progressEvent, summaryEvent } = event;
    if (resourcePreEvent) this.#begin(resourcePreEvent.metadata);
    if (resOutputsEvent) this.#end(resOutputsEvent.metadata);
    if (resOpFailedEvent) this.#fail(resOpFailedEvent.metadata);
    if (diagnosticEvent) this.#note(diagnosticEvent);
    if (progressEvent) {
      const { message, received, total } = progressEvent;
      this.#doing = total > 0 ? `${message} (${Math.floor((100 * received) / total)} %)` : message;
    }
    if (summaryEvent) this.#changes = summaryEvent.resourceChanges;
  }

  /** Ends with one line on all of it, or with the reasons of a failure; `complaint` is what the CLI itself said. */
  end(isDone: boolean, complaint: string): void {
    clearInterval(this.#timer);
    writeOver(this.#stream, "");
    const reasons = this.#reasons.length > 0 ? this.#reasons : this.#complaints;
    const failure = [...reasons, complaint.trim()].filter(Boolean).join("\n\n");
    this.#stream.write(`${isDone ? this.#summary() : failure}\n`);
  }

  #begin({ op, urn, type }: Operation): void {
    if (op === "same" || op === "refresh" || type === "pulumi:pulumi:Stack") return;
    this.#open.set(urn, performance.now());
  }

  #end(operation: Operation): void {
    const began = this.#open.get(operation.urn);
    const found = began !== undefined && wordsFor(operation);
    this.#open.delete(operation.urn);
    if (found) this.#say(stepOf(operation.urn), found.mark, found.words, began);
  }

  #fail({ urn }: Operation): void {
    this.#failed.add(stepOf(urn));
    this.#say(stepOf(urn), "✗", "failed", this.#open.get(urn));
    this.#open.delete(urn);
  }

  #note({ urn, message, severity }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    const text = message.trim();
    if (severity === "error" && urn === undefined) this.#complaints.push(text);
    if (severity === "error" && urn !== undefined) this.#reasons.push(`${stepOf(urn)}: ${text}`);
    if (severity === "warning") this.#say(urn === undefined ? this.#stack : stepOf(urn), "!", text);
  }

  /** One line, once: a step may consist of several resources of a kind. */
  #say(id: string, status: Mark, words: string, began?: number): void {
    if (this.#said.has(id + words)) return;
    this.#said.add(id + words);
    const time = began === undefined ? "" : `${secondsSince(began).padStart(6)} s`;
    this.#report.end({ id, status, seen: time ? words.padEnd(wordsWidth) + time : words, ms: 0 });
  }

  #summary(): string {
    const counted = Object.entries(pastOf).flatMap(([op, word]) => {
      const count = this.#changes[op];
      return count ? `${count} ${word}` : [];
    });
    const what = counted.length > 0 ? counted.join(", ") : "nothing to change";
    return `Stack ${this.#stack}: ${what} (${secondsSince(this.#began)} s).`;
  }

  #showDoing(): void {
    const steps = new Set([...this.#open.keys()].map(stepOf));
    const doing = steps.size > 0 ? [...steps].join(", ") : this.#doing;
    writeOver(this.#stream, `   ${doing} (${Math.round(Number(secondsSince(this.#began)))} s)`);
  }
}

/** What the engine counts, as words. */
const pastOf = { create: "created", update: "updated", replace: "replaced", delete: "deleted" };

function secondsSince(moment: number): string {
  return ((performance.now() - moment) / 1000).toFixed(1);
}
