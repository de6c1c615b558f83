// Runs the claim store on real files. Proves storing, verifying and expiring; other drivers have their own tests
// (claims-s3.test.ts, tests/integration/redis.test.ts).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { createDriver } from "../../claims/driver.ts";
import { ClaimError, ClaimStore, partSize } from "../../claims/store.ts";
import { dataDirectory } from "../support/folder.ts";

async function fileStore(): Promise<[ClaimStore, string]> {
  const folder = dataDirectory();
  return [new ClaimStore(await createDriver(pathToFileURL(folder))), folder];
}

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(size).fill(index);
}

test("a claim store returns data of several parts unchanged", async () => {
  const [store, folder] = await fileStore();
  const claim = await store.put("run.data", chunks(11, 1024 ** 2));
  expect(claim.bytes).toBe(11 * 1024 ** 2);
  expect(readdirSync(folder)).toHaveLength(Math.ceil(claim.bytes / partSize));
  const read = await store.read(claim);
  expect(read.byteLength).toBe(claim.bytes);
  expect(read[5 * 1024 ** 2]).toBe(5);
});

test("a claim store keeps empty data and text", async () => {
  const [store] = await fileStore();
  expect((await store.read(await store.put("empty", ""))).byteLength).toBe(0);
  expect((await store.read(await store.put("text", "grüße"))).toString()).toBe("grüße");
});

test("a claim store detects altered data", async () => {
  const [store, folder] = await fileStore();
  const claim = await store.put("run.data", "something");
  const [file = ""] = readdirSync(folder);
  writeFileSync(join(folder, file), readFileSync(join(folder, file)).fill(0));
  await expect(store.read(claim)).rejects.toThrow(ClaimError);
});

test("a claim store reports missing data with the possible reasons", async () => {
  const [store] = await fileStore();
  const claim = await store.put("run.data", "something");
  await store.remove(claim);
  await expect(store.read(claim)).rejects.toThrow(
    /is gone: it expired at .+ or a worker with another CLAIM_STORE made it/,
  );
});

test("a claim store removes expired claims only", async () => {
  const [store] = await fileStore();
  const short = await store.put("short", "x", { lifetimeMs: 0 });
  const long = await store.put("long", "x", { lifetimeMs: 5 * 3_600_000 });
  expect(await store.removeExpired()).toBe(0);
  expect(await store.removeExpired(new Date(Date.now() + 2 * 3_600_000))).toBe(1);
  await expect(store.read(short)).rejects.toThrow(ClaimError);
  expect((await store.read(long)).toString()).toBe("x");
});

test("a claim store lets the parts of an interrupted write expire", async () => {
  const [store, folder] = await fileStore();
  async function* interrupted() {
    yield new Uint8Array(partSize);
    throw new Error("interrupted");
  }
  await expect(store.put("run.data", interrupted(), { lifetimeMs: 0 })).rejects.toThrow("interrupted");
  expect(readdirSync(folder)).toHaveLength(1);
  await store.removeExpired(new Date(Date.now() + 2 * 3_600_000));
  expect(readdirSync(folder)).toEqual([]);
});

test.each(["../escape", "a/b", "", "a b"])("a claim store rejects the name %j", async (name) => {
  const [store] = await fileStore();
  await expect(store.put(name, "x")).rejects.toThrow("cannot name a claim");
});

test("a claim store lists and removes claims by prefix", async () => {
  const [store] = await fileStore();
  await store.put("verify.a.first.1", "x");
  await store.put("verify.a.last.2", "x");
  const other = await store.put("verify.ab.first.3", "x");
  expect((await store.names("verify.a.")).toSorted()).toEqual(["verify.a.first.1", "verify.a.last.2"]);
  await store.removeNamed("verify.a.");
  expect(await store.names("verify.a.")).toEqual([]);
  expect((await store.read(other)).toString()).toBe("x");
});
