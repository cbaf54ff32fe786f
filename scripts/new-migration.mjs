/** `npm run migration:new -- what-it-adds`: an empty migration behind the newest one, and its line in the list. */
import { readdirSync, writeFileSync } from 'node:fs';

const [what = ''] = process.argv.slice(2);
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(what)) {
  console.error('usage: npm run migration:new -- what-it-adds (lower case, words joined by hyphens)');
  process.exit(2);
}
const folder = new URL('../migrations/', import.meta.url);
const newest = Math.max(...readdirSync(folder).map((file) => Number(/^\d+/.exec(file)?.[0] ?? 0)));
// After the newest one also where that lies in the future: the numbers decide the order.
const number = Math.max(Date.now(), newest + 1);
const name = `${what.replace(/(?:^|-)([a-z0-9])/g, (_whole, letter) => letter.toUpperCase())}${number}`;
const file = `${number}-${what}`;
writeFileSync(
  new URL(`${file}.ts`, folder),
  `import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What it adds. Rows: what becomes of those that are there. */
export class ${name} implements MigrationInterface {
  readonly name = '${name}';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('');
  }
}
`,
  { flag: 'wx' },
);
await import('./generate-lists.mjs');
console.log(`migrations/${file}.ts`);
