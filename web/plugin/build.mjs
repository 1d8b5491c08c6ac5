// Builds dist/: ES modules for bundlers, one script for pages without one, and types.
//
//   index.js, hls.js      ES modules; `hls` knows hls.js only, and no six-event mode
//   telemetry-plugin.js   a classic script that sets the global TelemetryPlugin
//
// It fails when what a page loads has outgrown its budget.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Gzipped bytes that a page may have to load. */
const BUDGETS = [
  ['hls.js', 6000],
  ['index.js', 9000],
  ['telemetry-plugin.js', 9000],
];

const folder = new URL('.', import.meta.url).pathname;
// What television sets and browsers of some years ago still understand.
const common = { target: 'es2020', outDir: 'dist', emptyOutDir: false, sourcemap: true, minify: 'terser' };

/**
 * Names between our own modules, which no page and no server sees: they are shortened. None of them may be
 * a field of an event or an option; the browser tests, which run what this builds, would miss it.
 */
const OURS = [
  ...['bufferAheadSec', 'positionSec', 'counted', 'isOngoing', 'skip', 'credit', 'sums'],
  ...['takeDropped', 'flushOnLeave', 'bodyOf', 'retryAfterMs', 'leave'],
  ...['hasSource', 'renditions', 'emitter', 'methods', 'handlers'],
];
const terserOptions = {
  module: true,
  compress: { ecma: 2020, passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true },
  mangle: { properties: { regex: new RegExp(`^(${OURS.join('|')})$`) } },
};

rmSync(`${folder}dist`, { recursive: true, force: true });
for (const name of ['index', 'hls'])
  await bundle({ entry: `src/${name}.ts`, formats: ['es'], fileName: () => `${name}.js` });
const script = { name: 'TelemetryPlugin', formats: ['iife'], fileName: () => 'telemetry-plugin.js' };
await bundle({ entry: 'src/global.ts', ...script });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: folder, stdio: 'inherit' });
for (const [file, budget] of BUDGETS) hold(file, budget);

async function bundle(lib) {
  const rolldownOptions = { output: { chunkFileNames: '[name].js' } };
  const options = { ...common, terserOptions, lib, rolldownOptions };
  await build({ root: folder, logLevel: 'warn', configFile: false, build: options });
}

/** A module counts with what it imports at once. */
function sizeOf(file) {
  const text = readFileSync(`${folder}dist/${file}`, 'utf8').replace(/\/\/# sourceMappingURL=.*\n?/, '');
  const imports = [...text.matchAll(/(?:from|^import)\s*"\.\/([^"]+)"/gm)].map(([, name]) => sizeOf(name));
  return imports.reduce((sum, bytes) => sum + bytes, gzipSync(text, { level: 9 }).length);
}

function hold(file, budget) {
  const bytes = sizeOf(file);
  console.log(`${file}: ${bytes} of ${budget} bytes gzipped`);
  if (bytes > budget) throw new Error(`${file} is over its budget`);
}
