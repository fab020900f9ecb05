import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { plainSummary } from './test/support/plain-summary.ts';

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  test: {
    include: ['test/{unit,integration,conformance,crash,e2e}/**/*.test.ts'],
    // Left alone it keeps one core free, which on two of them is half.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', plainSummary()],
  },
});
