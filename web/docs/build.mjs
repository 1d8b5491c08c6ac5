/**
 * The documentation page of the HTTP interface: Swagger UI as its makers built it, and the few lines
 * that start it. Its licences are passed on beside it.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const read = (name) => readFileSync(join(swagger, name), 'utf8');
// Their source maps are not passed on.
const withoutMap = (text) => text.replace(/\n\/[/*]# sourceMappingURL=.*$/m, '\n');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
cpSync(join(here, 'page'), dist, { recursive: true });
cpSync(join(here, '../demo/public/icon.svg'), join(dist, 'icon.svg'));
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) {
  writeFileSync(join(dist, name), withoutMap(read(name)));
}
const licences = ['NOTICE', 'LICENSE', 'swagger-ui-bundle.js.LICENSE.txt'].map(read);
writeFileSync(join(dist, 'licenses.md'), licences.join('\n\n'));
