import { defineConfig } from 'vitest/config';

// Tests that wait for the disk or for real compression look until it is done: generous on a busy machine.
export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 20_000 } });
