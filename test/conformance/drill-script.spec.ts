import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs of PostgreSQL that find all as it should be. */
const PROGRAMS = { pg_verifybackup: '', pg_ctl: '', psql: 'echo owner' };

const PASSWORD = 'secret';

describe('scripts/backup/drill.sh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drill-'));
  const at = (path: string): string => join(folder, path);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    'postgres://live/kmip',
    `postgres://owner:${PASSWORD}@one:5432,two:5432/kmip?sslmode=verify-full`,
    'socket:/run/postgresql?db=kmip&user=owner',
    'socket:/run/postgresql?user=owner&db=kmip',
    "'socket:/run/postgresql?user=owner&db=kmip'",
  ])('works on the copy of %s, whatever the shell of the operator has in its environment', (url) => {
    mkdirSync(at('backup/base/20261130T000000Z'), { recursive: true });
    mkdirSync(at('bin'), { recursive: true });
    for (const [name, text] of Object.entries(PROGRAMS)) {
      writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    writeFileSync(at('environment'), `REGION=eu-de\nDATABASE_URL=${url}\nRESTORE_RECORD_FOLDER=/live\n`);
    const cli = 'console.log(process.env.DATABASE_URL); console.log(process.env.RESTORE_RECORD_FOLDER)';
    writeFileSync(at('cli.cjs'), cli);
    const script = join(process.cwd(), 'scripts', 'backup', 'drill.sh');
    const said = execFileSync(script, [at('backup'), at('environment')], {
      env: {
        ...process.env,
        PATH: `${at('bin')}:${process.env['PATH'] ?? ''}`,
        KMIP_CLI: at('cli.cjs'),
        DATABASE_URL: 'postgres://live/kmip',
        RESTORE_RECORD_FOLDER: '/live',
      },
    });
    const [database, record] = said.toString().trim().split('\n');
    expect(database).toMatch(/^socket:.*\?db=kmip&user=owner$/);
    expect(record).toMatch(/\/record$/);
  });
});
