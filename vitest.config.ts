import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { plainSummary } from './test/support/plain-summary.ts';

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  test: {
    include: ['test/{unit,integration,conformance,crash,e2e}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', plainSummary()],
  },
});
