import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@netpilot/client": fileURLToPath(new URL("src/index.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/stack.ts",
    // Every test is about one server on a machine that may be busy: the limits only end what hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // With gc(): a test collects what a call has left behind.
    pool: "forks",
    poolOptions: { forks: { execArgv: ["--expose-gc"] } },
    maxWorkers: 2,
    minWorkers: 1,
    // Most of the time is spent waiting for tokens to expire.
    sequence: { shuffle: true, concurrent: true },
  },
});
