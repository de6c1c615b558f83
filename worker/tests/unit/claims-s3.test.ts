// Runs the claim store against an imitation of S3 in memory. Proves the requests and the paging; not the signatures, nor any real
// S3 service.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDriver } from "../../claims/driver.ts";
import { ClaimError, ClaimStore, partSize } from "../../claims/store.ts";
import { startS3 } from "../support/s3.ts";

let s3: Awaited<ReturnType<typeof startS3>>;
let store: ClaimStore;

beforeEach(async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  s3 = await startS3();
  store = new ClaimStore(await createDriver(new URL(`s3://bucket?endpoint=${s3.url}`)));
});
afterEach(() => s3.close());

test("a claim store in S3 returns data of several parts unchanged", async () => {
  const data = Buffer.alloc(partSize + 10, "x");
  const claim = await store.put("run.data", data);
  expect((await store.read(claim)).equals(data)).toBe(true);
  expect(s3.objects.size).toBe(2);
  await store.remove(claim);
  expect(s3.objects.size).toBe(0);
  await expect(store.read(claim)).rejects.toThrow(ClaimError);
});

test("a claim store in S3 removes all expired claims although a listing has at most 1,000 keys", async () => {
  for (let n = 0; n < 1_500; n++) s3.objects.set(`2020010100-old${n}.part0`, Buffer.from("x"));
  for (let n = 0; n < 1_500; n++) s3.objects.set(`2999010100-new${n}.part0`, Buffer.from("x"));
  expect(await store.removeExpired()).toBe(1_500);
  expect(s3.objects.size).toBe(1_500);
});
