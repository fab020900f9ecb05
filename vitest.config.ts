import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { plainSummary } from './test/support/plain-summary.ts';
import { SlowestFirst } from './test/support/slowest-first.ts';

// Many tests start the program: it begins twice as fast from code that an earlier start compiled.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  test: {
    include: ['test/{unit,integration,conformance,crash,e2e}/**/*.test.ts'],
    // Left alone it keeps one core free, which on two of them is half.
    maxWorkers: '100%',
    sequence: { sequencer: SlowestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', plainSummary()],
  },
});
