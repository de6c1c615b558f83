import { resolve } from "node:path";
import type { NextConfig } from "next";

/** The repository's root, because the functions are outside this app's folder. */
const root = resolve(import.meta.dirname, "../..");

const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  // Not bundled, because they load drivers on demand.
  serverExternalPackages: ["ioredis", "unstorage", "inngest"],
};

export default config;
