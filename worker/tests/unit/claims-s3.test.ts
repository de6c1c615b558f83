import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDriver } from "../../claims/driver.ts";
import { ClaimError, ClaimStore, PART_SIZE } from "../../claims/store.ts";
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

test("gives back what was put in, in parts", async () => {
  const data = Buffer.alloc(PART_SIZE + 10, "x");
  const claim = await store.put("run.data", data);
  expect((await store.read(claim)).equals(data)).toBe(true);
  expect(s3.objects.size).toBe(2);
  await store.remove(claim);
  expect(s3.objects.size).toBe(0);
  await expect(store.read(claim)).rejects.toThrow(ClaimError);
});

test("removes everything that has expired, though a listing has a thousand keys at most", async () => {
  for (let n = 0; n < 1_500; n++) s3.objects.set(`2020010100-old${n}.part0`, Buffer.from("x"));
  for (let n = 0; n < 1_500; n++) s3.objects.set(`2999010100-new${n}.part0`, Buffer.from("x"));
  expect(await store.removeExpired()).toBe(1_500);
  expect(s3.objects.size).toBe(1_500);
});
