import { readFile } from 'node:fs/promises';
import { isBuiltin, SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const PACKAGES = '../../../packages.js';
const BUNDLES = [
  ...['launcher', 'kmip-gateway', 'management-api', 'local-cloud', 'local-vcenter'].map((app) => `${app}/src/main`),
  'kmip4v/src/main-with-region',
].map((name) => join(process.cwd(), 'dist', 'apps', `${name}.js`));
/** The begin of a method, as the bundler writes it. */
const METHOD = /^\s+(?:async )?(\w{8,})\(.*\) \{$/;
const DECORATED_LINES = 10;

describe.each(BUNDLES)('%s', (file) => {
  let code: readonly string[];
  beforeAll(async () => {
    code = (await readFile(file, 'utf8')).split('\n');
  });

  it('loads nothing beside what is in it but its packages and Node', () => {
    const loaded = code.flatMap((line) =>
      Array.from(line.matchAll(/\brequire\("([^"]+)"\)/g), ([, name = '']) => name),
    );
    expect([...new Set(loaded)].filter((name) => !isBuiltin(name))).toEqual([PACKAGES]);
  });

  it('has a map to the lines of our sources, of which traces tell', async () => {
    const map = new SourceMap(JSON.parse(await readFile(`${file}.map`, 'utf8')) as SourceMapPayload);
    const sources = new Map<string, readonly string[]>();
    let methods = 0;
    for (const [number, line] of code.entries()) {
      const name = METHOD.exec(line)?.[1];
      if (name === undefined) continue;
      const entry = map.findEntry(number, line.indexOf(name));
      if (!('originalSource' in entry) || !entry.originalSource) continue;
      const path = resolve(dirname(file), entry.originalSource);
      if (!sources.has(path)) sources.set(path, (await readFile(path, 'utf8')).split('\n'));
      const { originalLine: first } = entry;
      // A method begins with its decorators.
      expect(
        sources
          .get(path)
          ?.slice(first, first + DECORATED_LINES)
          .join('\n'),
      ).toContain(name);
      methods += 1;
    }
    expect(methods).toBeGreaterThan(40);
  });
});
