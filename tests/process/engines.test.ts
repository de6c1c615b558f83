// Proves how engines are fetched, checked and refused, from a vendor on loopback with small programs. Does not prove
// that the vendors' addresses and lists are as the lock file says; tests/integration/engines.test.ts runs real programs.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Progress } from "../../lib/engines/progress.ts";
import { pinnedVersion, platforms, releaseOf } from "../../lib/engines/release.ts";
import { until } from "../../lib/wait.ts";
import { freePort, Home, type Outcome } from "../support/host.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { archiveOf, sha256, Vendor } from "../support/vendor.ts";

const server = releaseOf("inngest");
const pulumi = releaseOf("pulumi");
const program = (says: string) => `#!/bin/sh\necho ${says}\n`;
const weight = randomBytes(400_000);
const archive = await archiveOf({ inngest: program(`${server.version}-abc`), "LICENSE.md": weight });
const list = `/inngest/${server.version}/${server.checksums}`;
const path = `/inngest/${server.version}/${server.file}`;

let home: Home;
let vendor: Vendor;
/** Where this home keeps engines. */
let engines: string;
let folder: string;
let part: string;
beforeEach(async () => {
  home = new Home();
  vendor = await Vendor.start();
  vendor.publish(`/inngest/${server.version}`, server.checksums, server.file, archive);
  engines = join(home.data, "..", "..", "engines");
  folder = join(engines, "inngest", server.version);
  part = `${folder}.${sha256(archive).slice(0, 16)}.part`;
  // No engine of this machine.
  home.path = home.command("node", `exec ${process.execPath} "$@"`).concat(":/usr/bin:/bin");
});
afterEach(async () => {
  vendor.stop();
  await home.dispose();
});

/** Node in this home, with the vendor as a mirror, and a lock file without checksums. */
const node = (args: string[], extra: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  home.node(["--import", "./tests/support/engine-checksums.mjs", ...args], "", {
    INNGEST_LOCAL_MIRROR: vendor.address,
    ...extra,
  });
const evaluated = (script: string, extra?: NodeJS.ProcessEnv) => node(["--input-type=module", "--eval", script], extra);
const fetched = (args = ["inngest"], extra?: NodeJS.ProcessEnv) => node(["cli/engines.ts", "fetch", ...args], extra);
const from = (offset: number) => (offset > 0 ? `${path} from ${offset}` : path);
const archiveRequests = () => vendor.requests.filter((request) => request.startsWith(path));
const left = () => (existsSync(join(engines, "inngest")) ? readdirSync(join(engines, "inngest")) : []);
const megabytes = (bytes: Buffer) => (bytes.length / 1e6).toFixed(1);
const told =
  `Fetching the Inngest server ${server.version} (${megabytes(archive)} MB).\n` +
  `${server.file}: checked against the vendor's list, not against this repository's.\n`;
const succeeded = () => ({ code: 0, stdout: `${join(folder, "inngest")}\n`, stderr: told });
const byHand = () =>
  `Remedy: run this again with a network, and it goes on; or without one: bring ${server.file} here, and ` +
  `mkdir -p '${folder}' && tar -xzf ${server.file} -C '${folder}'; or docs/engines.md\n`;
const notFetched = (reasons: string) =>
  `the Inngest server ${server.version} is not on this machine and cannot be fetched (${reasons}). ${byHand()}`;

describe("an engine", () => {
  test("is fetched, checked and unpacked; the next time nothing is asked for", async () => {
    expect(await fetched()).toEqual(succeeded());
    expect(vendor.requests).toEqual([list, path]);
    expect([left(), readdirSync(folder).sort()]).toEqual([[server.version], ["LICENSE.md", "inngest"]]);
    expect(await fetched()).toEqual({ ...succeeded(), stderr: "" });
    expect(vendor.requests.length).toBe(2);
  });

  test("comes from a folder without a network", async () => {
    const mirror = join(home.folder, "a mirror");
    vendor.writeTo(mirror);
    expect(await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: mirror })).toEqual(succeeded());
    expect(vendor.requests).toEqual([]);
  });

  test("is fetched once by two commands at once", async () => {
    const both = await Promise.all([fetched(), fetched()]);
    expect(both.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      [1, 2].map(() => ({ code: 0, stdout: succeeded().stdout })),
    );
    expect(archiveRequests()).toEqual([path]);
  });

  test("in another version is looked up under that version's names", async () => {
    const file = server.file.replace(server.version, "9.8.7");
    vendor.publish("/inngest/9.8.7", server.checksums, file, await archiveOf({ inngest: program("9.8.7") }));
    const { code, stdout } = await fetched(["inngest", "9.8.7"]);
    expect([code, stdout]).toEqual([0, `${join(engines, "inngest", "9.8.7", "inngest")}\n`]);
    expect(vendor.requests).toEqual([`/inngest/9.8.7/${server.checksums}`, `/inngest/9.8.7/${file}`]);
  });

  test.each([
    [["redis"], 'the engine must be pulumi or inngest, got "redis"'],
    [["inngest", "../1"], 'the version must be one such as 1.43.0, got "../1"'],
  ])("%j is refused", async (args, text) => {
    expect(await fetched(args)).toEqual({ code: 2, stdout: "", stderr: `${text}\n` });
  });

  test("has no build for an unknown platform", () => {
    expect(() => releaseOf("inngest", undefined, "sunos-x64")).toThrow(
      "the Inngest server has no build for sunos-x64: there are darwin-arm64, darwin-x64, linux-arm64, linux-x64. " +
        "Remedy: pulumi config set serverBinary /path/to/inngest",
    );
  });

  test.each(["relative", "ftp://vendor", "http://u:secret@vendor", "http://vendor/?a=b"])(
    "is not fetched from INNGEST_LOCAL_MIRROR=%s",
    async (mirror) => {
      expect(await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: mirror })).toEqual({
        code: 1,
        stdout: "",
        stderr:
          "INNGEST_LOCAL_MIRROR must be an absolute folder, or an http or https address without a login or a query. " +
          "Remedy: set it to one, or unset it: docs/engines.md\n",
      });
    },
  );
});

describe("a failure", () => {
  test("404 names the address, the folder and the way without a network", async () => {
    vendor.files.delete(path);
    const stderr = notFetched(`${vendor.address}${path}: answers 404`);
    expect(await fetched()).toEqual({ code: 1, stdout: "", stderr });
    expect(left()).toEqual([]);
  });

  test("no list means no archive", async () => {
    vendor.files.delete(list);
    const stderr = notFetched(`${vendor.address}${list}: answers 404`);
    expect(await fetched()).toEqual({ code: 1, stdout: "", stderr });
    expect(archiveRequests()).toEqual([]);
  });

  test("a list without the archive means no archive", async () => {
    vendor.files.set(list, Buffer.from(`not a checksum  ${server.file}\n`));
    const stderr = notFetched(
      `${vendor.address}${list}: has no SHA-256 of ${server.file}, and nothing is used unchecked`,
    );
    expect(await fetched()).toEqual({ code: 1, stdout: "", stderr });
    expect(archiveRequests()).toEqual([]);
  });

  test("a missing file of a folder is named", async () => {
    const mirror = join(home.folder, "mirror");
    vendor.files.delete(path);
    vendor.writeTo(mirror);
    const { code, stderr } = await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: mirror });
    expect([code, stderr]).toEqual([1, notFetched(`${join(mirror, path)}: is missing`)]);
  });

  test("an altered archive is refused, and nothing of it stays", async () => {
    const altered = Buffer.from(archive);
    altered[1000] = (altered[1000] as number) ^ 1;
    vendor.files.set(path, altered);
    const { code, stderr } = await fetched();
    expect(stderr.split("\n").slice(1)).toEqual([
      `${vendor.address}${path} is not what it should be: its SHA-256 is ${sha256(altered)} (${altered.length} bytes), ` +
        `and the vendor's list says ${sha256(archive)}. Remedy: run this again; if it stays so, something on the way, ` +
        "or the mirror, has changed the file",
      "",
    ]);
    expect([code, left()]).toEqual([1, []]);
    vendor.files.set(path, archive);
    expect((await fetched()).code).toBe(0);
  });

  test("an archive that differs from the lock file's checksum is refused, whatever the vendor's list says", async () => {
    const locked = "a".repeat(64);
    const { stderr } = await fetched(["inngest"], { TEST_ENGINE_SHA256: locked });
    expect(stderr).toContain(`(${archive.length} bytes), and this repository says ${locked}. Remedy: `);
    expect([vendor.requests, left()]).toEqual([[path], []]);
  });

  test("a truncated archive that its sender calls whole is refused", async () => {
    vendor.files.set(path, archive.subarray(0, 1000));
    const { code, stderr } = await fetched();
    expect(stderr).toContain(`its SHA-256 is ${sha256(archive.subarray(0, 1000))} (1000 bytes)`);
    expect([code, left()]).toEqual([1, []]);
  });

  test("a program that does not run here is refused", async () => {
    const broken = await archiveOf({ inngest: "#!/bin/sh\necho wrong machine >&2\nexit 1\n" });
    vendor.publish(`/inngest/${server.version}`, server.checksums, server.file, broken);
    const { code, stderr } = await fetched();
    expect(stderr.split("\n").at(-2)).toBe(
      `${server.file} does not run on this machine as the Inngest server ${server.version}: \`version\` says ` +
        '"wrong machine". Remedy: pulumi config set serverBinary /path/to/inngest',
    );
    expect([code, existsSync(folder), existsSync(`${folder}.draft`)]).toEqual([1, false, false]);
  });

  test("a vendor that goes silent is given up after a time without a byte", async () => {
    vendor.cutAfter = 1000;
    vendor.isSilent = true;
    vendor.knowsRanges = false;
    const { stdout } = await evaluated(`
      import { fetchEngine } from "./lib/engines/fetch.ts";
      await fetchEngine("inngest", undefined, { stallMs: 500 }).catch(({ message }) => console.log(message));`);
    expect(stdout).toBe(notFetched(`${vendor.address}${path}: nothing came for 0.5 s, after 1000 bytes`));
  });

  test("a host that is not reached is said within seconds, of each address that was tried", async () => {
    const proxy = `http://127.0.0.1:${await freePort()}`;
    const before = Date.now();
    const outcome = await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: undefined, HTTPS_PROXY: proxy });
    expect(Date.now() - before).toBeLessThan(5000);
    const refused = (address: string) => `${address}checksums.txt: connect ECONNREFUSED ${proxy.slice(7)}`;
    expect(outcome).toEqual({
      code: 1,
      stdout: "",
      stderr: notFetched(
        [
          refused(`https://cli.inngest.com/artifact/v${server.version}/`),
          refused(`https://github.com/inngest/inngest/releases/download/v${server.version}/`),
        ].join("; "),
      ),
    });
  });

  test("a name that nobody has is said", async () => {
    const { stderr } = await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: "http://vendor.invalid" });
    expect(stderr).toBe(notFetched(`http://vendor.invalid${list}: its host is not found`));
  });
});

test("a folder that cannot be written into is said", async () => {
  home.file(join("data", "inngest-local", "engines"));
  const { code, stderr } = await fetched();
  expect([code, stderr]).toEqual([
    1,
    `the Inngest server ${server.version} cannot be written into ${join(engines, "inngest")} (ENOTDIR). ` +
      "Remedy: make it a folder of yours\n",
  ]);
});

describe("a disk", () => {
  let disk: SmallDisk | undefined;
  beforeEach(() => {
    disk = SmallDisk.mount(join(engines, "inngest"), 1);
  });
  afterEach(() => disk?.unmount());

  test.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "that is full is said, and nothing stays on it (skipped without root on Linux)",
    async () => {
      writeFileSync(join(engines, "inngest", "filler"), Buffer.alloc(800_000));
      const { code, stderr } = await fetched();
      expect(stderr.split("\n").slice(1)).toEqual([
        `no room on the disk of ${join(engines, "inngest")} for the Inngest server ${server.version}. ` +
          "Remedy: free 1 GB there, and run this again",
        "",
      ]);
      expect([code, left()]).toEqual([1, ["filler"]]);
      disk?.unmount();
      disk = undefined;
      expect((await fetched()).code).toBe(0);
    },
  );
});

describe("a download that is cut off", () => {
  test("at every tenth goes on ten times", async () => {
    vendor.cutAfter = Math.ceil(archive.length / 10);
    expect(await fetched()).toEqual(succeeded());
    const tenths = Array.from({ length: 10 }, (_, tenth) => from(tenth * (vendor.cutAfter as number)));
    expect(archiveRequests()).toEqual(tenths);
  });

  test("goes on where its address redirects to another one", async () => {
    vendor.cutAfter = Math.ceil(archive.length / 3);
    const mirror = vendor.address.replace("127.0.0.1", "localhost");
    expect(await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: `${mirror}/moved` })).toEqual(succeeded());
    expect(archiveRequests()).toEqual([0, 1, 2].map((third) => from(third * (vendor.cutAfter as number))));
  });

  test("for good is said, and the next run goes on from there", async () => {
    vendor.cutAfter = 100_000;
    vendor.knowsRanges = false;
    const { code, stderr } = await fetched();
    expect(stderr).toContain(notFetched(`${vendor.address}${path}: is cut off after 100000 bytes`));
    expect([code, statSync(part).size]).toEqual([1, 100_000]);
    vendor.cutAfter = undefined;
    vendor.knowsRanges = true;
    expect(await fetched()).toEqual(succeeded());
    expect(archiveRequests().at(-1)).toBe(from(100_000));
    expect(left()).toEqual([server.version]);
  });

  test("by a kill goes on, and the dead command's lock is broken", async () => {
    vendor.cutAfter = 100_000;
    vendor.isSilent = true;
    const env = home.environment({ INNGEST_LOCAL_MIRROR: vendor.address });
    const args = ["--import", "./tests/support/engine-checksums.mjs", "cli/engines.ts", "fetch", "inngest"];
    const child = spawn(process.execPath, args, { env, stdio: "ignore" });
    expect(await until({ seconds: 15, every: 20 }, () => existsSync(part) && statSync(part).size === 100_000)).toBe(
      true,
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    vendor.cutAfter = undefined;
    expect(await fetched()).toEqual(succeeded());
    expect(archiveRequests().at(-1)).toBe(from(100_000));
  });

  test.each([
    ["others", randomBytes(5000)],
    ["as many", randomBytes(archive.length)],
  ])("with other bytes than it began with begins again (%s)", async (_, bytes) => {
    mkdirSync(join(part, ".."), { recursive: true });
    writeFileSync(part, bytes);
    expect((await fetched()).code).toBe(0);
    expect(archiveRequests().at(-1)).toBe(path);
  });
});

test("a proxy is asked for every address, and its refusal is said", async () => {
  const asked: (string | undefined)[] = [];
  const proxy = await proxyTo((url) => {
    asked.push(url);
    return undefined;
  });
  const { stderr } = await fetched(["inngest"], { INNGEST_LOCAL_MIRROR: undefined, HTTPS_PROXY: proxy.address });
  proxy.server.close();
  expect(asked).toEqual(["cli.inngest.com:443", "github.com:443"]);
  expect(stderr).toContain("checksums.txt: Proxy response (403) !== 200 when HTTP Tunneling");
});

test("a proxy brings a whole engine", async () => {
  const proxy = await proxyTo(() => vendor.port);
  const extra = { INNGEST_LOCAL_MIRROR: "http://vendor.invalid", HTTP_PROXY: proxy.address };
  expect(await fetched(["inngest"], extra)).toEqual(succeeded());
  proxy.server.close();
});

/** A proxy that tunnels to the port of loopback that `choose` gives for a host, and refuses where it gives none. */
async function proxyTo(choose: (host: string | undefined) => number | undefined) {
  const proxy: Server = createServer();
  proxy.on("connect", ({ url }, socket) => {
    const port = choose(url);
    if (port === undefined) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const far = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    for (const side of [far, socket]) side.on("error", () => side.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return { server: proxy, address: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

describe("Pulumi's CLI", () => {
  const found = (extra?: NodeJS.ProcessEnv) =>
    evaluated(
      `import { findBinary } from "./cli/lib/pulumi-backend.ts";
       console.log(await findBinary());`,
      extra,
    );
  const onPathIn = (version: string) => {
    const place = home.command("pulumi", `echo ${version}`);
    return { place, extra: { PATH: `${place}:${home.path}` } };
  };
  const [major, minor] = pinnedVersion("pulumi").split(".").map(Number) as [number, number];
  const own = () => join(engines, "pulumi", pulumi.version);

  beforeEach(async () => {
    const names = ["", "-language-nodejs", "-language-go", "-resource-pulumi-nodejs", "-watch"];
    const files = names.map((name) => [`pulumi/pulumi${name}`, program(`v${pulumi.version}`)]);
    const all = await archiveOf(Object.fromEntries(files));
    vendor.publish(`/pulumi/${pulumi.version}`, pulumi.checksums, pulumi.file, all);
  });

  test("is fetched with its host for Node, and without those of other languages", async () => {
    expect(await found()).toMatchObject({ code: 0, stdout: `${join(own(), "pulumi")}\n` });
    const names = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];
    expect(readdirSync(own()).sort()).toEqual(names);
  });

  test("says how to unpack it by hand", async () => {
    vendor.files.clear();
    const { stderr } = await found();
    expect(stderr).toContain(`tar -xzf ${pulumi.file} --strip-components=1 -C '${own()}'; or docs/engines.md`);
  });

  test.each([`v${pinnedVersion("pulumi")}`, `v${major}.${minor + 1}.0`])(
    "of PATH wins in the fitting version %s",
    async (version) => {
      const { place, extra } = onPathIn(version);
      expect(await found(extra)).toEqual({ code: 0, stdout: `${join(place, "pulumi")}\n`, stderr: "" });
    },
  );

  test.each([`v${major}.${minor - 1}.0`, `v${major + 1}.0.0`, "broken"])(
    "of PATH is passed over in version %s",
    async (version) => {
      expect((await found(onPathIn(version).extra)).stdout).toBe(`${join(own(), "pulumi")}\n`);
    },
  );

  test("that Pulumi's own packages have put into its home counts as installed", async () => {
    const there = home.file(`.pulumi/versions/${pulumi.version}/bin/pulumi`);
    expect(await found()).toEqual({ code: 0, stdout: `${there}\n`, stderr: "" });
  });
});

describe("the lock file", () => {
  const original = readFileSync("lib/engines/lock.json", "utf8").replaceAll(/"sha256": .*/g, '"sha256": null');
  const lockFile = () => {
    const file = home.file("lock.json", original);
    return { file, read: () => JSON.parse(readFileSync(file, "utf8")) as typeof import("../../lib/engines/lock.json") };
  };
  const lock = (file: string) => node(["cli/engines.ts", "lock", "--file", file]);
  const checksums = { pulumi: "1".repeat(64), inngest: "2".repeat(64) };
  beforeEach(() => {
    for (const name of ["pulumi", "inngest"] as const) {
      const releases = platforms(name).map((platform) => releaseOf(name, undefined, platform));
      const lines = releases.map(({ file }) => `${checksums[name]}  ${file}\n`);
      const [first] = releases;
      vendor.files.set(`/${name}/${first?.version}/${first?.checksums}`, Buffer.from(lines.join("")));
    }
  });

  test("gets every checksum from the vendors' lists, and nothing else changes", async () => {
    const { file, read } = lockFile();
    expect((await lock(file)).code).toBe(0);
    const filled = read();
    for (const name of ["pulumi", "inngest"] as const) {
      expect(Object.values(filled[name].archives).map(({ sha256: sum }) => sum)).toEqual(
        Array(4).fill(checksums[name]),
      );
    }
    const blank = (text: string) => text.replaceAll(/"sha256": .*/g, "");
    expect(blank(readFileSync(file, "utf8"))).toBe(blank(original));
  });

  test("refuses a checksum that has changed, and stays as it was", async () => {
    const { file } = lockFile();
    await lock(file);
    const before = readFileSync(file, "utf8");
    const files = platforms("inngest").map((each) => releaseOf("inngest", undefined, each).file);
    vendor.files.set(list, Buffer.from(files.map((each) => `${"3".repeat(64)}  ${each}\n`).join("")));
    const { code, stderr } = await lock(file);
    expect([code, stderr]).toEqual([
      1,
      `the vendor's list says ${"3".repeat(64)} for ${files[0]}, and the lock file ` +
        `${"2".repeat(64)}. Remedy: find out why a published file has changed before you use it\n`,
    ]);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

describe("progress", () => {
  const shown = (isTTY: boolean, ...steps: [at: number, bytes: number, total?: number][]) => {
    const written: string[] = [];
    let now = 0;
    const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    const progress = new Progress("it", { isTTY, write }, () => now);
    for (const [at, bytes, total] of steps) {
      now = at;
      progress.at(bytes, total);
    }
    progress.end();
    return written;
  };
  const line = (text: string) => `\r\u001b[KFetching it: ${text}`;

  test("on a terminal has bytes and the time left at the speed so far, of what this run brings", () => {
    const steps = shown(true, [0, 4e6, 10e6], [100, 4.1e6, 10e6], [1000, 5e6, 10e6], [5900, 10e6, 10e6]);
    expect(steps).toEqual([
      line("4.0 of 10.0 MB"),
      line("5.0 of 10.0 MB, 5 s left"),
      line("10.0 of 10.0 MB, 0 s left"),
      "\n",
    ]);
  });

  test("without a known size has bytes", () => {
    expect(shown(true, [0, 1e6], [500, 2e6])).toEqual([line("1.0 MB"), line("2.0 MB"), "\n"]);
  });

  test("without a terminal is one plain line", () => {
    expect(shown(false, [0, 1, 10e6], [900, 5e6, 10e6])).toEqual(["Fetching it (10.0 MB).\n"]);
  });
});
