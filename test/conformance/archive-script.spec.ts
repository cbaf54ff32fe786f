import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(process.cwd(), 'scripts', 'backup', 'archive-wal.sh');

describe('scripts/backup/archive-wal.sh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'));
  const at = (path: string): string => join(folder, path);
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(() => {
    mkdirSync(at('bin'));
    for (const name of ['one', 'other']) writeFileSync(at(name), name.repeat(10_000));
  });

  /** @param before what happens when the first archiver is about to look at what it has written */
  function archive(source: string, name: string, before = ''): number | null {
    // Of the first one alone: another one finds the program of the system.
    writeFileSync(at('bin/sync'), `#!/bin/sh\n${before}\nexec env PATH="$REST" sync "$@"\n`, { mode: 0o755 });
    const { PATH: path = '' } = process.env;
    const env = { ...process.env, REST: path, PATH: before === '' ? path : `${at('bin')}:${path}` };
    return spawnSync(SCRIPT, [at(source), name, at('wal')], { env }).status;
  }
  const another = (source: string, name: string, more = ''): string =>
    `env PATH="${more}$REST" ${SCRIPT} ${at(source)} ${name} ${at('wal')} || true`;
  const archived = (name: string): string => readFileSync(at(`wal/${name}`), 'utf8');

  it('archives once, says yes to the same again, and never puts another one in its place', () => {
    expect([archive('one', 'a'), archive('one', 'a'), archive('other', 'a')]).toEqual([0, 0, 1]);
    expect(archived('a')).toBe(readFileSync(at('one'), 'utf8'));
  });

  it('publishes a whole segment while another archiver of the same one dies at its copy', () => {
    mkdirSync(at('dying'));
    writeFileSync(at('dying/cp'), '#!/bin/sh\n: >"$2"\nexit 1\n', { mode: 0o755 });
    expect(archive('one', 'b', another('one', 'b', `${at('dying')}:`))).toBe(0);
    expect(archived('b')).toBe(readFileSync(at('one'), 'utf8'));
  });

  it('refuses when another archiver was faster with another segment, and says yes to the same', () => {
    expect([archive('one', 'c', another('other', 'c')), archive('one', 'd', another('one', 'd'))]).toEqual([1, 0]);
    expect(archived('c')).toBe(readFileSync(at('other'), 'utf8'));
    expect(archived('d')).toBe(readFileSync(at('one'), 'utf8'));
  });

  it.each(['beside', 'beside/database/wal'])('archives nothing where a backup of keys lies in %s', (keys) => {
    mkdirSync(at('beside/database/wal'), { recursive: true });
    const archiveThere = (): number | null =>
      spawnSync(SCRIPT, [at('one'), 'a', at(keys === 'beside' ? 'beside/wal' : keys)]).status;
    const backup = at(`${keys}/20261130T000000Z.keys.tar.cms`);
    writeFileSync(backup, '');
    expect(archiveThere()).toBe(1);
    rmSync(backup);
    expect(archiveThere()).toBe(0);
  });

  it('has no keys backed up beside its segments', () => {
    mkdirSync(at('segments'));
    writeFileSync(at('segments/0000000100000000000000A1'), '');
    const keys = spawnSync(join(SCRIPT, '..', 'backup-keys.sh'), [at('segments'), at('recipient'), at('one')]);
    expect(keys.stderr.toString()).toContain('never backed up together');
  });

  it('leaves nothing behind, and takes away what one left that was killed', () => {
    const left = at('wal/.e.abcdef');
    writeFileSync(left, '');
    execFileSync('touch', ['-d', '2 days ago', left]);
    expect(archive('one', 'e')).toBe(0);
    expect(existsSync(left)).toBe(false);
    expect(readdirSync(at('wal')).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
