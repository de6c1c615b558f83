import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts"],
          unstubEnvs: true,
          testTimeout: 20_000,
          // No server listens there: a unit test that needs one starts its own.
          env: {
            INNGEST_BASE_URL: "http://127.0.0.1:9",
            INNGEST_SIGNING_KEY: "00112233445566778899aabbccddeeff",
            INNGEST_EVENT_KEY: "unit",
            INNGEST_SERVE_ORIGIN: "http://127.0.0.1:3111",
          },
        },
      },
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
