import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Inject, Injectable } from '@nestjs/common';

import { ensureAuditKeyFile, ensureServiceKeyFile, type Environment, parseConfig } from '@lib/config';
import { systemClock } from '@lib/kernel';
import { RestoreWatch, socketUrl } from '@lib/platform';
import { recordedEvents, startTestPostgres, type TestDatabase } from '@lib/testing';

import { adminConfig, type AdminConfig } from './admin.config';
import { argumentsOf } from './arguments';
import { askedLine } from './asked-line.fixture';
import { type Command } from './command';
import { auditKeyList } from './commands/audit-key-list.command';
import { auditKeyRotate } from './commands/audit-key-rotate.command';
import { runInRegion } from './run-in-region';

jest.setTimeout(60_000);

interface Head {
  readonly state: string;
  readonly contradiction?: string;
  readonly seq: number;
  readonly hash: string;
  readonly supersedes: readonly object[];
}

/** What a process that serves does each minute. */
@Injectable()
class RestoreRound implements Command {
  constructor(@Inject(RestoreWatch) private readonly restore: RestoreWatch) {}

  async run(): Promise<void> {
    await this.restore.round();
  }
}

describe('the command lines of signed heads', () => {
  let folder: string;
  let auditKeyFile: string;
  let database: TestDatabase;
  let config: AdminConfig;
  const databases: TestDatabase[] = [];

  async function databaseFrom(source?: TestDatabase): Promise<TestDatabase> {
    const made = await startTestPostgres(source === undefined ? {} : { from: source.connection.database });
    databases.push(made);
    return made;
  }
  const configOf = ({ connection }: TestDatabase, given: Environment = {}): AdminConfig =>
    parseConfig(adminConfig, {
      DATABASE_URL: socketUrl(connection),
      SERVICE_KEY_FILE: join(folder, 'service-keys'),
      AUDIT_KEY_FILE: auditKeyFile,
      REGION: 'eu-de',
      ...given,
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-head-'));
    auditKeyFile = join(folder, 'audit-keys');
    await ensureServiceKeyFile(join(folder, 'service-keys'));
    await ensureAuditKeyFile(auditKeyFile, systemClock.now());
    database = await databaseFrom();
    config = configOf(database);
  });
  afterEach(async () => {
    for (const each of databases.splice(0).toReversed()) await each.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** As `kmip4v admin` does, with a region of its own for each command. */
  const admin = async <T = Head>(line: string): Promise<T> => {
    const { entry, given } = askedLine(line);
    let printed: unknown;
    const print = (value: unknown): Promise<void> => Promise.resolve(void (printed = value));
    if ('alone' in entry) throw new Error(`${line} needs no region`);
    await runInRegion(await entry.inRegion(), config, given, print);
    return JSON.parse(JSON.stringify(printed)) as T;
  };
  const newInstance = async (): Promise<string> => {
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/account:${randomUUID()}::`;
    return (await admin<{ id: string }>(`instance create --crn ${crn} --name kmip`)).id;
  };

  it('show where a trail ends, and release nothing that agrees', async () => {
    const id = await newInstance();
    const first = await admin(`audit-head status --instance ${id}`);
    expect(first).toEqual({
      state: 'signed',
      seq: 1,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      signedAt: expect.any(String) as string,
      supersedes: [],
    });
    expect(await admin(`audit-head status --instance ${id}`)).toEqual(first);
    await expect(admin(`audit-head release --instance ${id}`)).rejects.toThrow('nothing to release');
    expect(await admin(`audit-head status --instance ${id}`)).toEqual(first);
  });

  it.each(['status', 'release'])('audit-head %s refuses what it cannot do', async (verb) => {
    const id = await newInstance();
    await expect(admin(`audit-head ${verb}`)).rejects.toThrow('--instance');
    await expect(admin(`audit-head ${verb} --instance kmip`)).rejects.toThrow();
    await expect(admin(`audit-head ${verb} --instance ${randomUUID()}`)).rejects.toMatchObject({
      code: 'instance_not_found',
    });
    await appendFile(auditKeyFile, 'key of ours\n');
    await expect(admin(`audit-head ${verb} --instance ${id}`)).rejects.toThrow(/^.*audit-keys: line 2 is no key /);
    config = configOf(database, { AUDIT_KEY_FILE: '' });
    await expect(admin(`audit-head ${verb} --instance ${id}`)).rejects.toThrow('AUDIT_KEY_FILE is not set');
  });

  it('list and rotate keys, once an hour, and print nothing secret', async () => {
    const listed = await auditKeyList({ AUDIT_KEY_FILE: auditKeyFile });
    expect(listed).toEqual([{ id: expect.any(String) as string, from: expect.any(Date) as Date, signs: true }]);
    const rotated = await auditKeyRotate({ AUDIT_KEY_FILE: auditKeyFile });
    expect(rotated).toHaveLength(2);
    expect(await auditKeyList({ AUDIT_KEY_FILE: auditKeyFile })).toEqual(rotated);
    for (const [, secret] of (await readFile(auditKeyFile, 'utf8')).matchAll(/^key \S+ (\S+)$/gm)) {
      expect(JSON.stringify(rotated)).not.toContain(secret!.replace('=', ''));
    }
    const before = await readFile(auditKeyFile, 'utf8');
    await expect(auditKeyRotate({ AUDIT_KEY_FILE: auditKeyFile })).rejects.toThrow('rotate it later');
    expect(await readFile(auditKeyFile, 'utf8')).toBe(before);
  });

  it.each([
    ['list', auditKeyList],
    ['rotate', auditKeyRotate],
  ])('audit-key %s refuses what it cannot do, and leaves the file alone', async (_verb, command) => {
    for (const damage of [
      '',
      'key of ours\n',
      `key 2026-13-45T12:00:00Z ${Buffer.alloc(32, 7).toString('base64')}\n`,
    ]) {
      await writeFile(auditKeyFile, damage);
      await expect(command({ AUDIT_KEY_FILE: auditKeyFile })).rejects.toMatchObject({
        code: 'audit_key_file_unusable',
      });
      expect(await readFile(auditKeyFile, 'utf8')).toBe(damage);
    }
    await rm(auditKeyFile);
    await expect(command({ AUDIT_KEY_FILE: auditKeyFile })).rejects.toThrow('audit-keys: the file cannot be read');
    await expect(command({ AUDIT_KEY_FILE: '' })).rejects.toThrow('AUDIT_KEY_FILE is not set');
  });

  /** docs/operations.md, "Signed heads of audit trails". */
  it('restore release releases what was signed after the backup, and every later head says so', async () => {
    const [restored, untouched] = [await newInstance(), await newInstance()];
    const before = await admin(`audit-head status --instance ${untouched}`);
    const backup = await databaseFrom(database);
    const made = await newInstance();
    await admin(`audit-head status --instance ${made}`);
    await admin(`instance disable --instance ${restored}`);
    const lost = await admin(`audit-head status --instance ${restored}`);
    await runInRegion(RestoreRound, config, argumentsOf({}), () => Promise.resolve());

    config = configOf(backup);
    expect(await admin('restore status')).toMatchObject({ held: true });
    // The withdrawal that was repeated stands where the lost record was.
    expect(await admin(`audit-head status --instance ${restored}`)).toMatchObject({
      state: 'contradicted',
      contradiction: 'other_record',
      seq: lost.seq,
      hash: lost.hash,
    });
    expect(await admin(`audit-head status --instance ${untouched}`)).toEqual(before);

    expect(await admin(`audit-head status --instance ${made}`)).toMatchObject({ contradiction: 'shorter' });

    expect(await admin('restore release')).toEqual({ released: 'region' });
    // Made after the backup: nothing is left of it, and nothing contradicts that any more.
    await expect(admin(`audit-head status --instance ${made}`)).rejects.toMatchObject({ code: 'instance_not_found' });
    const { seq, hash } = lost;
    const signed = await admin(`audit-head status --instance ${restored}`);
    expect(signed).toMatchObject({ state: 'signed', supersedes: [{ seq, hash }] });
    const owner = await backup.openAdmin();
    expect((await recordedEvents(owner, restored)).at(-1)?.text).toContain(hash);
    expect(await admin(`audit-head status --instance ${untouched}`)).toMatchObject({ state: 'signed', supersedes: [] });
  });
});
