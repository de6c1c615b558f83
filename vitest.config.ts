import { defineConfig } from "vitest/config";

/** Suites on the managers of machines, most of them machines of their own. */
const supervision = ["tests/integration/supervision-*.test.ts", "tests/integration/launchd.test.ts"];

/** The suites share an engine or a node, and the machine's two or four cores. */
const oneByOne = { fileParallelism: false, maxWorkers: 1 };

/** For tests whose processes, or whose plan of a whole stack, get little of a busy machine. */
const onBusyMachine = { unstubEnvs: true, testTimeout: 20_000 };

/** For tests that wait for the real engine. */
const patience = { testTimeout: 300_000, hookTimeout: 600_000 };

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      { test: { name: "unit", include: ["tests/unit/**/*.test.ts"], ...onBusyMachine } },
      { test: { name: "process", include: ["tests/process/**/*.test.ts"], ...onBusyMachine } },
      { test: { name: "repository", include: ["tests/repository/**/*.test.ts"], ...onBusyMachine } },
      {
        test: {
          name: "cluster",
          include: ["tests/cluster/**/*.test.ts"],
          globalSetup: "tools/local-cluster/leave-as-found.ts",
          ...oneByOne,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Not part of `npm test`: for a night, or `CHAOS_MINUTES=2 npx vitest run --project chaos`.
        test: {
          name: "chaos",
          include: ["tests/chaos/**/*.test.ts"],
          ...oneByOne,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          exclude: supervision,
          ...oneByOne,
          ...patience,
        },
      },
      {
        test: {
          name: "supervision",
          include: supervision,
          ...oneByOne,
          ...patience,
        },
      },
    ],
  },
});
