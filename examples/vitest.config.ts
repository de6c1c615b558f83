import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], silent: "passed-only", testTimeout: 180_000, hookTimeout: 60_000 },
});
