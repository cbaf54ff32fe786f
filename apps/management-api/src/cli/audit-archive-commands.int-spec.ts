import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { auditKeyJwk, toCadf } from '@lib/audit';
import { ensureAuditKeyFile, ensureServiceKeyFile, parseConfig, readAuditKeyFile } from '@lib/config';
import { type InstanceId, systemClock } from '@lib/kernel';
import { PostgresAuditTrail, PostgresObjectStores, TenantTransactions } from '@lib/persistence';
import { socketUrl } from '@lib/platform';
import { insertInstance, recordedEvents, sampleAudit, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { adminConfig } from './admin.config';
import { headFile, monthsAfter, monthText, recordsFile } from './archived-file';
import { askedLine } from './asked-line.fixture';
import { runInRegion } from './run-in-region';

jest.setTimeout(120_000);

type Admin = Awaited<ReturnType<TestDatabase['openAdmin']>>;

interface Head {
  readonly state: string;
  readonly contradiction?: string;
  readonly seq: number;
  readonly hash: string;
}

describe('the command lines of archives', () => {
  let folder: string;
  let archive: string;
  let database: TestDatabase;
  let dataSource: DataSource;
  let owner: Admin;
  let current: number;
  let busy: InstanceId;
  let quiet: InstanceId;
  let environment: Record<string, string>;
  const month = (count: number): number => monthsAfter(current, count);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-archive-'));
    archive = join(folder, 'archive');
    await ensureServiceKeyFile(join(folder, 'service-keys'));
    await ensureAuditKeyFile(join(folder, 'audit-keys'), systemClock.now());
    database = await startTestPostgres();
    environment = {
      DATABASE_URL: socketUrl(database.connection),
      SERVICE_KEY_FILE: join(folder, 'service-keys'),
      AUDIT_KEY_FILE: join(folder, 'audit-keys'),
      REGION: 'eu-de',
    };
    dataSource = await database.openDataSource();
    owner = await database.openAdmin();
    const { rows } = await owner.query<{ month: number }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMM')::integer AS month`,
    );
    current = rows[0]!.month;
    [busy, quiet] = [await insertInstance(owner), await insertInstance(owner)];
    await records(busy, 9);
    await records(quiet, 2);
    // As if they had come in their months: two in each of four for the one, and all of the other in the first.
    for (const back of [-4, -3, -2, -1]) await partition(month(back));
    for (const [index, back] of [-4, -3, -2, -1].entries()) {
      await owner.query('UPDATE audit_records SET month = $1 WHERE instance_id = $2 AND seq IN ($3, $4)', [
        month(back),
        busy,
        index * 2 + 1,
        index * 2 + 2,
      ]);
    }
    await owner.query('UPDATE audit_records SET month = $1 WHERE instance_id = $2', [month(-4), quiet]);
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const records = async (id: InstanceId, count: number): Promise<void> => {
    const { auditSink } = new PostgresObjectStores(dataSource);
    for (let number = 0; number < count; number += 1) await auditSink.record(sampleAudit(id));
  };
  const partition = (of: number): Promise<unknown> =>
    owner.query(`CREATE TABLE audit_records_${of} (LIKE audit_records);
      ALTER TABLE audit_records ATTACH PARTITION audit_records_${of} FOR VALUES IN (${of})`);
  const admin = async <T = Head>(line: string): Promise<T> => {
    const { entry, given } = askedLine(line);
    let printed: unknown;
    if ('alone' in entry) printed = await (await entry.alone())(environment, given);
    else {
      const config = parseConfig(adminConfig, environment);
      await runInRegion(await entry.inRegion(), config, given, (value) => Promise.resolve(void (printed = value)));
    }
    return JSON.parse(JSON.stringify(printed)) as T;
  };
  const drop = (back: number, wish = ''): Promise<unknown> =>
    admin(`audit drop --before ${monthText(month(back))} --archive ${archive}${wish}`);
  const confirmed = (back: number): string => ` --confirm ${monthText(month(back))}`;
  const seqs = async (id: InstanceId): Promise<number[]> => {
    const found = await new PostgresAuditTrail(dataSource).list(id, { newestFirst: false, limit: 99 });
    return found.map(({ row }) => row.seq);
  };
  const exported = async (id: InstanceId): Promise<string> => {
    const found = await new PostgresAuditTrail(dataSource).list(id, { newestFirst: false, limit: 99 });
    return found.map(({ row }) => `${JSON.stringify(toCadf(row))}\n`).join('');
  };
  const verify = async (...args: string[]): Promise<string> => {
    const keys = join(folder, 'keys.json');
    const jwks = (await readAuditKeyFile(join(folder, 'audit-keys'))).map((key) => ({
      ...auditKeyJwk(key),
      not_before: key.from.toISOString(),
    }));
    await writeFile(keys, JSON.stringify({ keys: jwks }));
    const script = join(__dirname, '../../../../scripts/verify-audit.mjs');
    return (await promisify(execFile)(process.execPath, [script, ...args, '--keys', keys])).stdout;
  };

  it('put away what is over, as an export has it, once, and go on where they were cut', async () => {
    const whole = await exported(busy);
    const first = await admin(`audit archive --to ${archive} --month ${monthText(month(-4))}`);
    expect(first).toEqual({ archived: [{ month: monthText(month(-4)), written: 2, kept: 0 }] });
    // Cut in the middle of a file, and before its name.
    await writeFile(`${recordsFile(archive, month(-3), busy)}.tmp`, 'half a li').catch(() => undefined);
    await rm(headFile(archive, month(-4), quiet));
    await rename(recordsFile(archive, month(-4), quiet), `${recordsFile(archive, month(-4), quiet)}.tmp`);
    await expect(admin(`audit archive --to ${archive}`)).resolves.toMatchObject({
      archived: [
        { month: 'before', written: 0, kept: 0 },
        { month: monthText(month(-4)), written: 1, kept: 1 },
        { written: 1, kept: 0 },
        { written: 1, kept: 0 },
        { written: 1, kept: 0 },
      ],
    });
    const again = await admin<{ archived: { written: number }[] }>(`audit archive --to ${archive}`);
    expect(again.archived.map(({ written }) => written)).toEqual([0, 0, 0, 0, 0]);
    const files = [-4, -3, -2, -1].map((back) => recordsFile(archive, month(back), busy));
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    expect(texts.join('')).toBe(whole.split('\n').slice(0, 8).join('\n') + '\n');
    expect((await readdir(join(archive, monthText(month(-4))))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await expect(admin(`audit archive --to ${archive} --month ${monthText(current)}`)).rejects.toThrow('no such month');
    await expect(admin(`audit archive --to ${archive} --month 2026-13`)).rejects.toThrow('as 2026-11');
  });

  it('let an auditor check archives in a row, and the live trail after them', async () => {
    await admin(`audit archive --to ${archive}`);
    await drop(-2, confirmed(-2));
    const live = join(folder, 'live.ndjson');
    await writeFile(live, await exported(busy));
    const head = (back: number): string => headFile(archive, month(back), busy);
    const file = (back: number): string => recordsFile(archive, month(back), busy);
    expect(await verify(file(-4), head(-4), '--instance', busy)).toContain('events 1 to 2');
    expect(await verify(file(-3), head(-3), '--after', head(-4))).toContain('events 3 to 4');
    expect(await verify(live, '--after', head(-3))).toContain('events 5 to 9');
    await expect(verify(live, '--after', head(-4))).rejects.toThrow('cut_at_start');
  });

  it('drop nothing that is not archived as it is, too young, or unconfirmed', async () => {
    const all = await recordedEvents(owner);
    await expect(drop(-2, confirmed(-2))).rejects.toThrow(/is not archived/);
    await admin(`audit archive --to ${archive}`);
    await expect(drop(-1, confirmed(-1))).rejects.toThrow('too few months');
    await expect(drop(-2)).rejects.toThrow(/"records":4,"instances":2.*--confirm/);
    await expect(drop(-2, confirmed(-3))).rejects.toThrow('--confirm');
    const file = recordsFile(archive, month(-3), busy);
    const text = await readFile(file, 'utf8');
    await appendFile(file, '\n');
    await expect(drop(-2, confirmed(-2))).rejects.toThrow('was changed');
    await rm(file);
    await expect(drop(-2, confirmed(-2))).rejects.toThrow('is not there');
    await writeFile(file, text);
    await owner.query('UPDATE audit_records SET month = $1 WHERE instance_id = $2 AND seq = 5', [month(-3), busy]);
    await expect(drop(-2, confirmed(-2))).rejects.toThrow('is not archived');
    await owner.query('UPDATE audit_records SET month = $1 WHERE instance_id = $2 AND seq = 5', [month(-2), busy]);
    await owner.query(`ALTER TABLE audit_records DETACH PARTITION audit_records_${month(-3)};
      INSERT INTO audit_records SELECT * FROM audit_records_${month(-3)}`);
    await expect(drop(-2, confirmed(-2))).rejects.toThrow('no partition of its own');
    expect(await recordedEvents(owner)).toEqual(all);
  });

  it('drop what is archived, and every head says where the trail begins now', async () => {
    const marks = (await recordedEvents(owner, busy)).map(({ seq, hash }) => ({ seq, hash }));
    expect(await admin(`audit-head status --instance ${busy}`)).toMatchObject({ state: 'signed', seq: 9 });
    await admin(`audit-head status --instance ${quiet}`);
    await admin(`audit archive --to ${archive}`);
    expect(await drop(-2, confirmed(-2))).toEqual({
      dropped: [
        { month: monthText(month(-4)), records: 4, instances: 2 },
        { month: monthText(month(-3)), records: 2, instances: 1 },
      ],
    });
    expect(await drop(-2, confirmed(-2))).toEqual({ dropped: [] });
    expect(await seqs(busy)).toEqual([5, 6, 7, 8, 9]);
    expect(await seqs(quiet)).toEqual([]);
    for (const id of [busy, quiet]) {
      expect(await admin(`audit-head status --instance ${id}`)).toMatchObject({ state: 'signed' });
    }
    const { rows } = await owner.query<{ jws: string }>(
      'SELECT jws FROM audit_signed_heads WHERE instance_id = $1 ORDER BY signed_at DESC LIMIT 1',
      [busy],
    );
    const content = JSON.parse(Buffer.from(rows[0]!.jws.split('.')[1]!, 'base64url').toString()) as object;
    expect(content).toMatchObject({
      seq: 9,
      first_seq: 5,
      record_count: 5,
      preceded_by: { seq: 4, hash: marks[3]!.hash.toString('hex') },
    });
    // What a process remembers of before is no sign of a restore; what was never there is.
    const held = (seq: number, hash: Buffer): Promise<unknown> =>
      new TenantTransactions(dataSource).run(busy, async ({ client }) => {
        const { rows: found } = await client.query<{ held: boolean }>('SELECT audit_holds($1, $2, $3) AS held', [
          busy,
          seq,
          hash,
        ]);
        return found[0]?.held;
      });
    for (const { seq, hash } of marks) expect(await held(seq, hash)).toBe(true);
    expect(await held(4, Buffer.alloc(32))).toBe(false);
    expect(await held(5, Buffer.alloc(32))).toBe(false);
    expect(await held(10, Buffer.alloc(32))).toBe(false);
    await records(quiet, 1);
    expect(await seqs(quiet)).toEqual([3]);
    expect(await admin(`audit-head status --instance ${quiet}`)).toMatchObject({ state: 'signed', seq: 3 });
  });

  it('hide no trail that somebody emptied or cut, whatever stands in the list of archives', async () => {
    for (const id of [busy, quiet]) await admin(`audit-head status --instance ${id}`);
    await owner.query('DELETE FROM audit_records WHERE instance_id = $1', [quiet]);
    await owner.query('DELETE FROM audit_records WHERE instance_id = $1 AND seq < 5', [busy]);
    await owner.query(
      `INSERT INTO audit_archives SELECT instance_id, 202601, 1, seq, hash, '', 'eyJ9.e30.AAAA', now()
        FROM audit_signed_heads WHERE instance_id = $1`,
      [quiet],
    );
    for (const id of [busy, quiet]) {
      const status = await admin(`audit-head status --instance ${id}`);
      expect(status).toMatchObject({ state: 'contradicted', contradiction: 'begins_later' });
    }
    await expect(admin(`audit archive --to ${archive} --month ${monthText(month(-2))}`)).rejects.toThrow('contradicts');
  });
});
