import { defineConfig } from 'vitest/config';

/**
 * One browser at a time and no retries: these tests compare times, and a machine that plays two videos at
 * once is a worse clock.
 */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: './global-setup.ts',
    fileParallelism: false,
    retry: 0,
    testTimeout: 90_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
