import { Writable } from "node:stream";
import { WriteStream } from "node:tty";

/** A stream that keeps what is written; a terminal when it has columns. */
export class Kept extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk;
    done();
  }

  getColorDepth(): number {
    return WriteStream.prototype.getColorDepth.call(this);
  }
}
export const asStream = (stream: Kept) => stream as unknown as NodeJS.WriteStream;
