import type { Socket } from "node:net";
import { Problem } from "../problem.ts";

/** An answer of Redis; errors are thrown. */
export type Reply = string | number | null | Reply[];

/** A connection that speaks Redis' protocol (RESP2), for both its ends. */
export class Wire {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  send(...parts: (string | number)[]): void {
    const texts = parts.map((part) => `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`);
    this.socket.write(`*${parts.length}\r\n${texts.join("")}`);
  }

  /**
   * Reads one value: an answer at the client's end, a command at the server's.
   *
   * @throws {Problem} when it is an error, or the connection is closed
   */
  async value(): Promise<Reply> {
    const line = await this.line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        throw new Problem(`Redis reports: ${rest}`);
      case ":":
        return Number(rest);
      case "$": {
        if (rest === "-1") return null;
        const text = await this.bytes(Number(rest));
        await this.bytes(2);
        return text.toString();
      }
      case "*": {
        const items: Reply[] = [];
        for (let left = Number(rest); left > 0; left--) items.push(await this.value());
        return items;
      }
      default:
        // An inline command: replicas send their PING as one.
        return line.split(" ");
    }
  }

  async line(): Promise<string> {
    let end = this.#rest.indexOf("\n");
    while (end === -1) {
      await this.#more();
      end = this.#rest.indexOf("\n");
    }
    const line = this.#rest.toString("utf8", 0, end);
    this.#rest = this.#rest.subarray(end + 1);
    return line.replace(/\r$/, "");
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#rest.length < count) await this.#more();
    const bytes = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return bytes;
  }

  /** Yields the next `count` bytes as they arrive. */
  async *stream(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) await this.#more();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) throw new Problem("Redis has closed the connection");
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
  }
}
