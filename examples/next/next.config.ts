import { resolve } from "node:path";
import type { NextConfig } from "next";

/** The functions lie outside of this app's folder, so the root that Next may read is the repository's. */
const root = resolve(import.meta.dirname, "../..");

const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  // They load their drivers only when a setting asks for them.
  serverExternalPackages: ["ioredis", "unstorage", "inngest"],
};

export default config;
