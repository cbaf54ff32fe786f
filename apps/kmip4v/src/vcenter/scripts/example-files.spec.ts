import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { readEnvironment } from '@lib/config';

import { exampleFiles } from './example-files';

const FOLDER = join(__dirname, '../../../../../examples');

describe('examples/', () => {
  it('is what the steps say, and nothing else', () => {
    const wanted = exampleFiles();
    if (readEnvironment()['UPDATE_DOCS'] === '1') {
      for (const [path, text] of wanted) {
        const file = join(FOLDER, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
        if (text.startsWith('#!')) chmodSync(file, 0o755);
      }
    }
    const found = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('.'));
    expect(found.toSorted()).toEqual([...wanted.keys()].toSorted());
    for (const [path, text] of wanted) expect(readFileSync(join(FOLDER, path), 'utf8')).toBe(text);
  });
});
