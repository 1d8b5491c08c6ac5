// Builds dist/: ES modules for bundlers, one script for pages without one, and types.
//
//   index.js, hls.js      ES modules; `hls` knows hls.js and media elements only
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
const common = { target: 'es2020', outDir: 'dist', emptyOutDir: false, sourcemap: true, minify: 'oxc' };

rmSync(`${folder}dist`, { recursive: true, force: true });
for (const name of ['index', 'hls'])
  await bundle({ entry: `src/${name}.ts`, formats: ['es'], fileName: () => `${name}.js` });
const script = { name: 'TelemetryPlugin', formats: ['iife'], fileName: () => 'telemetry-plugin.js' };
await bundle({ entry: 'src/global.ts', ...script });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: folder, stdio: 'inherit' });
for (const [file, budget] of BUDGETS) hold(file, budget);

async function bundle(lib) {
  // Of its own accord Vite leaves the spaces in modules.
  const rolldownOptions = { output: { minify: true, chunkFileNames: '[name].js' } };
  await build({
    root: folder,
    logLevel: 'warn',
    configFile: false,
    build: { ...common, lib, rolldownOptions },
  });
}

/** A module counts with what it imports at once. */
function sizeOf(file) {
  const text = readFileSync(`${folder}dist/${file}`, 'utf8');
  const imports = [...text.matchAll(/(?:from|^import)\s*"\.\/([^"]+)"/gm)].map(([, name]) => sizeOf(name));
  return imports.reduce((sum, bytes) => sum + bytes, gzipSync(text, { level: 9 }).length);
}

function hold(file, budget) {
  const bytes = sizeOf(file);
  console.log(`${file}: ${bytes} of ${budget} bytes gzipped`);
  if (bytes > budget) throw new Error(`${file} is over its budget`);
}
