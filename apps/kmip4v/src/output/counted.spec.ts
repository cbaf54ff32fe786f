import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { counted } from './counted';

const SOURCES = 'apps/kmip4v/src';

it.each([
  [0, 'VM', '0 VMs'],
  [1, 'VM', '1 VM'],
  [2, 'VM', '2 VMs'],
])('%d %s is written %s', (count, one, text) => {
  expect(counted(count, one)).toBe(text);
});

it('is how every sentence counts things', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !/spec\.ts$|admin/.test(name),
  );
  const by = /\$\{[^}]+\} (VMs|objects|hosts|keys|places|things|steps|days|calls|checks|instances|minutes|servers)\b/;
  const found = files.flatMap((name) => {
    const lines = readFileSync(join(SOURCES, name), 'utf8').split('\n');
    return lines.filter((line) => by.test(line)).map((line) => `${name}: ${line.trim()}`);
  });
  expect(found).toEqual([]);
});
