/**
 * Gathers what the server embeds into `dist/`: the plugin, the demo and the documentation page, and beside each text a gzipped
 * twin, so that the server never compresses. Files that did not change are left alone: cargo builds the
 * server anew when one is newer.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));
const dist = join(web, 'dist');
const isText = (name) => /\.(html|js|css|map|md|svg)$/.test(name);

const wanted = new Map([['.gitkeep', Buffer.alloc(0)]]);
want('telemetry-plugin.js', join(web, 'plugin/dist/telemetry-plugin.js'));
want('telemetry-plugin.js.map', join(web, 'plugin/dist/telemetry-plugin.js.map'));
for (const page of ['demo', 'docs']) {
  const built = join(web, page, 'dist');
  for (const file of filesBelow(built)) want(join(page, relative(built, file)), file);
}
for (const file of filesBelow(dist)) {
  if (!wanted.has(relative(dist, file))) rmSync(file);
}
for (const [name, content] of wanted) writeIfChanged(join(dist, name), content);

function want(name, source) {
  const content = readFileSync(source);
  wanted.set(name, content);
  // zlib's header says no time here: the same text gives the same bytes.
  if (isText(name)) wanted.set(`${name}.gz`, gzipSync(content, { level: 9 }));
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function writeIfChanged(file, content) {
  try {
    if (readFileSync(file).equals(content)) return;
  } catch {
    mkdirSync(dirname(file), { recursive: true });
  }
  writeFileSync(file, content);
}
