import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";

/** A vendor on loopback that has files at paths, also by a redirect from `/moved`, and misbehaves where a test says so. */
export class Vendor {
  readonly files = new Map<string, Buffer>();
  /** Every request: its path, and where it begins to read. */
  readonly requests: string[] = [];
  /** Bytes of a body after which the connection ends, or goes silent. */
  cutAfter: number | undefined;
  isSilent = false;
  knowsRanges = true;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<Vendor> {
    const vendor = new Vendor();
    vendor.#server.listen(0, "127.0.0.1");
    await once(vendor.#server, "listening");
    return vendor;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Publishes an archive, and a list that has its checksum. */
  publish(folder: string, list: string, file: string, archive: Buffer): void {
    this.files.set(`${folder}/${file}`, archive);
    this.files.set(`${folder}/${list}`, Buffer.from(`${"0".repeat(64)}  other.zip\n${sha256(archive)}  ${file}\n`));
  }

  /** Writes what it has into a folder, as a mirror without a network. */
  writeTo(folder: string): void {
    for (const [path, content] of this.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  }

  #answer({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
    if (url.startsWith("/moved/")) {
      response.writeHead(302, { location: `${this.address}${url.slice("/moved".length)}` }).end();
      return;
    }
    const file = this.files.get(url);
    const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
    this.requests.push(from === undefined ? url : `${url} from ${from}`);
    if (!file) {
      response.writeHead(404).end("no such file");
      return;
    }
    const start = this.knowsRanges ? Number(from ?? 0) : 0;
    if (start >= file.length && start > 0) {
      response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
      return;
    }
    const rest = file.subarray(start);
    const range = { "content-range": `bytes ${start}-${file.length - 1}/${file.length}` };
    response.writeHead(start > 0 ? 206 : 200, { "content-length": rest.length, ...(start > 0 && range) });
    if (this.cutAfter === undefined || this.cutAfter >= rest.length) response.end(rest);
    else response.write(rest.subarray(0, this.cutAfter), () => this.isSilent || response.destroy());
  }
}

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A `.tar.gz` of executable files. */
export async function archiveOf(files: Record<string, string | Buffer>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "archive-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content, { mode: 0o755 });
    }
    const tops = [...new Set(Object.keys(files).map((path) => path.split("/")[0] as string))];
    await create({ file: join(folder, "a.tar.gz"), cwd: folder, gzip: { level: 1 } }, tops);
    return readFileSync(join(folder, "a.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
