import { defineConfig } from 'vitest/config';

const minutes = 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/system/**', 'test/web/**'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
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
