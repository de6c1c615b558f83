import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";
import { findBinary } from "../../cli/lib/pulumi-backend.ts";
import { type EngineName, releaseOf } from "../../lib/engines/release.ts";
import { inngestVersion, locate } from "../../lib/host/programs.ts";
import { run } from "../../lib/process.ts";

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

/** Publishes the machine's own Pulumi CLI and server, packed as their vendors pack them. @returns their versions */
export async function publishEngines(vendor: Vendor): Promise<Record<EngineName, string>> {
  const [cli, server] = [await findBinary(), locate({ kind: "inngest" })];
  const number = (text: string) => /\d+\.\d+\.\d+/.exec(text)?.[0] as string;
  const versions = {
    pulumi: number(await run(cli, ["version"])),
    inngest: number(await inngestVersion(server)),
  };
  const parts = readdirSync(dirname(cli)).filter((name) => name.startsWith("pulumi"));
  const contents = {
    pulumi: Object.fromEntries(parts.map((name) => [`pulumi/${name}`, readFileSync(join(dirname(cli), name))])),
    inngest: { inngest: readFileSync(server), "LICENSE.md": "" },
  };
  for (const name of ["pulumi", "inngest"] as const) {
    const { version, checksums, file } = releaseOf(name, versions[name]);
    vendor.publish(`/${name}/${version}`, checksums, file, await archiveOf(contents[name]));
  }
  return versions;
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
