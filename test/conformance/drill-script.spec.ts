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

  /** @returns database and record that the command line was given, and the other one that it must not be given as well */
  function drilled(environment: string): readonly string[] {
    mkdirSync(at('backup/base/20261130T000000Z'), { recursive: true });
    mkdirSync(at('bin'), { recursive: true });
    for (const [name, text] of Object.entries(PROGRAMS)) {
      writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    writeFileSync(at('environment'), `REGION=eu-de\n${environment}\nRESTORE_RECORD_FOLDER=/live\n`);
    const { PATH: path = '' } = process.env;
    const told = ['DATABASE_URL', 'RESTORE_RECORD_FOLDER', 'DATABASE_URL_FILE'];
    writeFileSync(at('cli.cjs'), `for (const each of ${JSON.stringify(told)}) console.log(process.env[each] || '-')`);
    const said = execFileSync(join(process.cwd(), 'scripts', 'backup', 'drill.sh'), [at('backup'), at('environment')], {
      env: {
        ...process.env,
        PATH: `${at('bin')}:${path}`,
        KMIP_CLI: at('cli.cjs'),
        DATABASE_URL: 'postgres://live/kmip',
        DATABASE_URL_FILE: '/live',
        RESTORE_RECORD_FOLDER: '/live',
      },
    });
    return said.toString().trim().split('\n');
  }
  const onTheCopy = [expect.stringMatching(/^socket:.*\?db=kmip&user=owner$/), expect.stringMatching(/\/record$/), '-'];

  it.each([
    'postgres://live/kmip',
    `postgres://owner:${PASSWORD}@one:5432,two:5432/kmip?sslmode=verify-full`,
    'socket:/run/postgresql?db=kmip&user=owner',
    'socket:/run/postgresql?user=owner&db=kmip',
    "'socket:/run/postgresql?user=owner&db=kmip'",
  ])('works on the copy of %s, whatever the shell of the operator has in its environment', (url) => {
    expect(drilled(`DATABASE_URL=${url}`)).toEqual(onTheCopy);
  });

  it.each(['postgres://live/kmip\n', "'socket:/run/postgresql?user=owner&db=kmip'"])(
    'works on the copy of the database that a file names: %j',
    (url) => {
      writeFileSync(at('database-url'), url);
      expect(drilled(`DATABASE_URL_FILE=${at('database-url')}`)).toEqual(onTheCopy);
    },
  );
});
