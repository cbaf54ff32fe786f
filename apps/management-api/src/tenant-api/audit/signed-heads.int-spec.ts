import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readSignedHead, type SignedAuditHead } from '@lib/audit';
import { ensureAuditKeyFile, rotateAuditKey } from '@lib/config';
import { type InstanceId, systemClock } from '@lib/kernel';
import { PostgresAuditHeads, PostgresAuditTrail } from '@lib/persistence';
import { type HeadSigning, headSigning } from '@lib/platform';
import {
  FakeIam,
  FakeKeyManager,
  recordedEvents,
  sampleAudit,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { type Answer, OTHER_ACCOUNT, TenantApiApp } from '../../../test/tenant-api-app';
import { HeadRound } from '../../housekeeping/head-round';

jest.setTimeout(60_000);

type Admin = Awaited<ReturnType<TestDatabase['openAdmin']>>;

interface HeadBody {
  readonly state: string;
  readonly contradiction: string;
  readonly seq: number;
  readonly hash: string;
  readonly jws: string;
  readonly key_id: string;
}

describe('signed heads of audit trails', () => {
  let database: TestDatabase;
  let admin: Admin;
  let iam: FakeIam;
  let api: TenantApiApp;
  let folder: string;
  let signing: HeadSigning;
  const logged: string[] = [];

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    admin = await database.openAdmin();
    folder = await mkdtemp(join(tmpdir(), 'heads-'));
    const auditKeyFile = join(folder, 'audit-keys');
    await ensureAuditKeyFile(auditKeyFile, systemClock.now());
    const dataSource = await database.openDataSource();
    const settings = { serviceKeyFile: join(folder, 'service-keys'), auditKeyFile };
    const stores = { heads: new PostgresAuditHeads(dataSource), trail: new PostgresAuditTrail(dataSource) };
    signing = headSigning(settings, { ...stores, clock: systemClock }, (message) => logged.push(message));
    api = await TenantApiApp.start(dataSource, iam, new FakeKeyManager(), {}, { signedHeads: signing });
  });
  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop(), rm(folder, { recursive: true, force: true })]);
  });
  afterEach(() => {
    expect(logged).toEqual([]);
  });

  const base = (id: InstanceId): string => `/v1/instances/${id}`;
  const head = (id: InstanceId): Promise<Answer<HeadBody>> => api.send<HeadBody>('GET', `${base(id)}/audit_head`);
  const records = (id: InstanceId, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => api.stores.auditSink.record(sampleAudit(id))));
  const alarms: string[] = [];
  const counts: number[] = [];
  const round = (): Promise<void> =>
    new HeadRound({
      ...signing,
      signs: () => Promise.resolve(true),
      contradicted: (count) => void counts.push(count),
      alarm: (id, contradiction) => void alarms.push(`${id} ${contradiction}`),
      failed: (id, error) => void alarms.push(`${id} ${String(error)}`),
    }).round();

  it('are made on demand, kept, and verified by the published keys alone', async () => {
    const mine = await api.newInstance();
    await records(mine, 3);
    const first = await head(mine);
    expect(first.body).toMatchObject({ state: 'signed', contradiction: 'none', seq: 4, first_seq: 1, record_count: 4 });
    const { body: set } = await api.send<{ keys: { kid: string; x: string }[] }>('GET', `${base(mine)}/audit_key_set`);
    expect(set.keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', kid: first.body.key_id, alg: 'EdDSA' }]);
    const read = readSignedHead(first.body.jws, await signing.keys()) as SignedAuditHead;
    expect([read.instanceId, read.seq, read.hash]).toEqual([mine, first.body.seq, first.body.hash]);
    const log = await api.send('GET', `${base(mine)}/audit_log`, { headers: { accept: 'application/x-ndjson' } });
    expect(log.text.split('\n')[first.body.seq - 1]).toContain(first.body.hash);
    const second = await head(mine);
    expect(second.body.seq).toBeGreaterThan(first.body.seq);
    const page = await api.send<{ audit_heads: HeadBody[]; next: { href: string } }>(
      'GET',
      `${base(mine)}/audit_heads?limit=1`,
    );
    const next = await api.send<{ audit_heads: HeadBody[]; next?: unknown }>('GET', page.body.next.href);
    expect([...page.body.audit_heads, ...next.body.audit_heads].map(({ jws }) => jws)).toEqual([
      second.body.jws,
      first.body.jws,
    ]);
    expect(next.body.next).toBeUndefined();
  });

  it('are nobody else’s', async () => {
    const [mine, foreign] = [await api.newInstance(), await api.newInstance(OTHER_ACCOUNT)];
    await round();
    for (const path of ['audit_head', 'audit_heads', 'audit_key_set']) {
      expect((await api.send('GET', `${base(foreign)}/${path}`)).status).toBe(404);
      expect((await api.send('GET', `${base(mine)}/${path}`, { as: 'nobody' })).status).toBe(404);
      expect((await api.send('GET', `${base(mine)}/${path}`, { as: 'stranger' })).status).toBe(401);
    }
    const { body } = await api.send<{ audit_heads: { instance_id: string }[] }>('GET', `${base(mine)}/audit_heads`);
    expect(body.audit_heads.map(({ instance_id: id }) => id)).toEqual([mine]);
  });

  it('are made for every trail that went on, and for none that did not', async () => {
    const ids = [await api.newInstance(), await api.newInstance()];
    await round();
    const kept = async (): Promise<number> =>
      Number((await admin.query<{ count: string }>('SELECT count(*) FROM audit_signed_heads')).rows[0]?.count);
    const before = await kept();
    await round();
    expect(await kept()).toBe(before);
    await records(ids[1]!, 1);
    await round();
    expect(await kept()).toBe(before + 1);
    const copies = await readdir(join(folder, 'service-keys.record', 'audit-heads'));
    expect(copies).toEqual(expect.arrayContaining(ids.map((id) => `${id}.head`)));
  });

  /** By who owns the database: no login of ours can. */
  const cutAfter = (seq: number): string => `DELETE FROM audit_records WHERE instance_id = $1 AND seq > ${String(seq)};
    UPDATE audit_chain_heads SET (seq, hash) = (SELECT seq, hash FROM audit_records
      WHERE instance_id = $1 ORDER BY seq DESC LIMIT 1) WHERE instance_id = $1`;
  it.each<[string, string, string]>([
    ['is restored from a backup', `${cutAfter(2)}; DELETE FROM audit_signed_heads WHERE instance_id = $1`, 'shorter'],
    [
      'is emptied',
      'DELETE FROM audit_records WHERE instance_id = $1; DELETE FROM audit_chain_heads WHERE instance_id = $1',
      'shorter',
    ],
    ['is cut at its beginning', 'DELETE FROM audit_records WHERE instance_id = $1 AND seq = 1', 'begins_later'],
    [
      'has another last record, whose hash fits',
      `UPDATE audit_records SET packed = pack_audit_text('$text'), failed = true, hash = sha256((SELECT p.hash
          FROM audit_records p WHERE p.instance_id = $1 AND p.seq = 3) || int8send(seq) || convert_to('$text', 'UTF8'))
        WHERE instance_id = $1 AND seq = 4; ${cutAfter(4)}`,
      'other_record',
    ],
  ])('raise an alarm when the trail %s, in the next round, and are not signed over', async (_what, attack, fault) => {
    const mine = await api.newInstance();
    await records(mine, 3);
    const { body: last } = await head(mine);
    // Without the record that its own reading left.
    const text = (await recordedEvents(admin, mine))[3]?.text.replace('success', 'failure') ?? '';
    await admin.query(`${cutAfter(last.seq)}; ${attack}`.replaceAll('$1', `'${mine}'`).replaceAll('$text', text));
    alarms.length = counts.length = 0;
    await round();
    expect([alarms, counts]).toEqual([[`${mine} ${fault}`], [1]]);
    const { body } = await head(mine);
    expect(body).toMatchObject({ state: 'contradicted', contradiction: fault, seq: last.seq, jws: last.jws });
    // Who knows why releases it; the heads say so for ever.
    expect(await signing.signer.release(mine)).toBe(fault);
    await round();
    expect(alarms).toHaveLength(1);
    expect(counts).toEqual([1, 0]);
    expect((await head(mine)).body).toMatchObject({
      state: 'signed',
      supersedes: [{ seq: last.seq, hash: last.hash }],
    });
  });

  it('that somebody puts into the database are shown as what they are', async () => {
    const mine = await api.newInstance();
    const { body: true_ } = await head(mine);
    await admin.query(
      `INSERT INTO audit_signed_heads SELECT instance_id, 99, now() + interval '1 hour', hash, 'eyJ9.e30.AAAA'
        FROM audit_signed_heads WHERE instance_id = $1`,
      [mine],
    );
    const { body } = await api.send<{ audit_heads: HeadBody[] }>('GET', `${base(mine)}/audit_heads`);
    expect(body.audit_heads.map(({ state }) => state)).toEqual(['unverified', 'signed']);
    expect((await head(mine)).body).toMatchObject({ state: 'contradicted', contradiction: 'unknown_head' });
    await signing.signer.release(mine);
    expect((await head(mine)).body.seq).toBeGreaterThan(true_.seq);
  });

  it('outlive the key that signed them', async () => {
    const mine = await api.newInstance();
    const { body: before } = await head(mine);
    const rotated = await rotateAuditKey(join(folder, 'audit-keys'), systemClock.now());
    expect(rotated).toHaveLength(2);
    const { body } = await api.send<{ keys: { kid: string }[] }>('GET', `${base(mine)}/audit_key_set`);
    expect(body.keys).toHaveLength(2);
    // Announced, and not in use yet.
    expect((await head(mine)).body.key_id).toBe(before.key_id);
    const { publicKey, from } = rotated[0]!;
    const retired = { publicKey, from };
    expect(readSignedHead(before.jws, [retired])).toMatchObject({ instanceId: mine, seq: before.seq });
  });
});
