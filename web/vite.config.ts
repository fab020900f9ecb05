import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const SERVER = 'http://127.0.0.1:4280';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [svelte({ compilerOptions: { css: 'external' } })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2024',
    // Inlined assets would need `data:` in the font policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // A word on how long plugins took, which depends on the machine's load.
      checks: { bundlerTimings: false },
      output: {
        codeSplitting: {
          groups: [
            { name: 'chart', test: /node_modules[\\/](chart\.js|chartjs-plugin)/ },
            { name: 'editor', test: /node_modules[\\/](@codemirror|@lezer|style-mod)/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: { '/api': { target: SERVER, ws: true } },
  },
});
