import { defineConfig } from 'vitest/config';

const minutes = 60_000;

/** Tests that start our programs as child processes, dozens of times, a thousand agents or hundreds of fleets: too long for the check before a commit. */
export const programs = [
  'test/agent/clean-environment.test.ts',
  'test/agent/rules/offers.test.ts',
  'test/agent/run.test.ts',
  'test/agent/run-many-findings.test.ts',
  'test/agent/run-service.test.ts',
  'test/agent/secrets/leaks.test.ts',
  'test/agent/sweep-child.test.ts',
  'test/contract/local.test.ts',
  'test/contract/command.test.ts',
  'test/server/ctl/**/*.test.ts',
  'test/server/gateway/kill.test.ts',
  'test/server/notify/kill.test.ts',
  'test/server/provider/local-preflight.test.ts',
  'test/packaging/bundle.test.ts',
  'test/agent/run-children.test.ts',
  'test/scenario/server-away.test.ts',
  'test/scenario/simulated-fleets.test.ts',
  'test/agent/run-tls.test.ts',
  'test/server/main.test.ts',
  'test/server/tls-process.test.ts',
];

export default defineConfig({
  test: {
    // Vitest leaves one processor to itself, which on a machine with two halves what is run.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**', 'test/web/**', ...programs],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'programs',
          include: programs,
          testTimeout: minutes,
          hookTimeout: minutes,
        },
      },
      {
        // Real processes, mounts and package managers: one file after another, so that none measures its neighbour.
        test: {
          name: 'system',
          include: ['test/system/**/*.system.test.ts'],
          fileParallelism: false,
          testTimeout: 20 * minutes,
          hookTimeout: 20 * minutes,
        },
      },
      {
        test: {
          name: 'web',
          include: ['test/web/**/*.web.test.ts'],
          fileParallelism: false,
          testTimeout: 3 * minutes,
          hookTimeout: 5 * minutes,
        },
      },
    ],
  },
});
