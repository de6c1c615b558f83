import { fileURLToPath } from "node:url";
import type { Driver } from "unstorage";

/**
 * The driver for a claim store's address.
 *
 * - `file:///folder`: one machine, or a shared file system.
 * - `redis://host:port/0`, `rediss://…`: small data on many machines; Redis keeps all of it in memory.
 * - `s3://bucket?endpoint=https://…&region=…`: many machines; credentials in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
 *   The bucket should hold nothing but claims.
 *
 * Packages are loaded on demand, so that only those of the chosen driver cost start-up time.
 */
export async function createDriver(address: URL): Promise<Driver> {
  switch (address.protocol) {
    case "file:": {
      const { default: files } = await import("unstorage/drivers/fs-lite");
      return files({ base: fileURLToPath(address) });
    }
    case "redis:":
    case "rediss:": {
      const { default: redis } = await import("unstorage/drivers/redis");
      const driver = redis({ url: address.href, base: "inngest:claims", maxRetriesPerRequest: 3 });
      // Without a listener the client prints every failed attempt; the failed command reports the error anyway.
      driver.getInstance?.().on("error", () => {});
      return driver;
    }
    case "s3:": {
      const { default: s3 } = await import("unstorage/drivers/s3");
      const region = address.searchParams.get("region") ?? "us-east-1";
      return s3({
        bucket: address.hostname,
        region,
        endpoint: address.searchParams.get("endpoint") ?? `https://s3.${region}.amazonaws.com`,
        accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? "",
        secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
      });
    }
    default:
      throw new Error(
        `CLAIM_STORE must be a file://, redis://, rediss:// or s3:// address, got ${address.protocol}//.`,
      );
  }
}
