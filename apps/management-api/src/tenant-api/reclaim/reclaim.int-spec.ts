import { type CertificateFingerprint, type InstanceId, toFingerprint } from '@lib/kernel';
import { type CommonFields, type ManagedObject } from '@lib/kmip-engine';
import { issueClientCertificate } from '@lib/pki';
import {
  FakeIam,
  FakeKeyManager,
  recordedEvents,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';

import { type Answer, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

const HOUR_MS = 3_600_000;
const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

describe('keys that nobody needs', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    api.failures.length = 0;
    mine = await api.newInstance();
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const base = (): string => `/v1/instances/${mine}`;
  const codes = ({ status, body }: Answer<object>): string =>
    [status, ...body.errors.map(({ code }) => code)].join(' ');
  const upload = (keys: readonly ManagedObject[], takenAt = ago(1), coverage: object = {}): Promise<Answer> => {
    const ids = keys.map(({ uniqueIdentifier }) => uniqueIdentifier.toUpperCase());
    const body = { taken_at: takenAt.toISOString(), source: 'PowerCLI', key_ids: ids };
    return api.send('PUT', `${base()}/inventory`, { body: { ...body, covered_certificates: [], ...coverage } });
  };
  const candidates = async (): Promise<readonly string[]> => {
    const answer = await api.send<{ reclaim_candidates: { id: string }[] }>('GET', `${base()}/reclaim_candidates`);
    expect(answer.status).toBe(200);
    return answer.body.reclaim_candidates.map(({ id }) => id);
  };
  const quarantine = ({ uniqueIdentifier: id }: ManagedObject): Promise<Answer> =>
    api.send('POST', `${base()}/quarantined_keys`, { body: { id } });

  async function key(facts: Partial<CommonFields> = {}): Promise<ManagedObject> {
    const attributes = [textAttribute('x-Name', 'web-01')];
    const object = sampleObject({ state: 'Active', initialDate: ago(1_000), attributes, ...facts });
    const catalog = api.stores.forInstance(mine);
    const intent = { uniqueIdentifier: object.uniqueIdentifier, storedKeyName: 'stored', startedAt: new Date() };
    await catalog.openIntent({ ...intent, createdBy: 'x' }, 1000);
    await catalog.completeIntent(object, sampleAudit(mine));
    return object;
  }

  it('are those that the inventory lacks, and that nobody made or fetched since', async () => {
    const [used, unused] = [await key(), await key()];
    await key({ initialDate: new Date() });
    const fetched = await key();
    await api.stores.forInstance(mine).recordFetch(fetched, sampleAudit(mine, { occurredAt: new Date() }));
    expect((await upload([used])).body).toMatchObject({ key_count: 1, valid: true });
    expect(await candidates()).toEqual([unused.uniqueIdentifier]);
    expect(codes(await quarantine(used))).toBe('409 invalid_state');
    expect(codes(await quarantine(fetched))).toBe('409 invalid_state');
  });

  it('are none by an inventory that is missing, old, or of tomorrow', async () => {
    const old = await key({ lastFetchedAt: ago(900) });
    expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 invalid_state');
    expect(codes(await upload([], ago(25)))).toBe('409 invalid_state');
    expect(codes(await upload([], ago(-2)))).toBe('409 invalid_state');
    await upload([]);
    const admin = await database.openAdmin();
    await admin.query(`UPDATE key_inventories SET taken_at = taken_at - interval '1 day' WHERE instance_id = $1`, [
      mine,
    ]);
    expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 invalid_state');
    expect(codes(await quarantine(old))).toBe('409 invalid_state');
    expect((await api.send('GET', `${base()}/inventory`)).body).toMatchObject({ valid: false });
  });

  it('are set aside, show who asked for them, and are given back', async () => {
    const object = await key();
    await upload([]);
    const put = await quarantine(object);
    expect(put.status).toBe(201);
    expect(put.body).toMatchObject({ id: object.uniqueIdentifier, suspended: true, owner: { name: 'web-01' } });
    expect(put.body).not.toHaveProperty('asked_for');
    expect(await candidates()).toEqual([]);
    const initiator = {
      kind: 'certificate',
      fingerprint: toFingerprint('ab'.repeat(32)),
      address: '192.0.2.4',
    } as const;
    const target = { kind: 'key', id: object.uniqueIdentifier } as const;
    const refused = { outcome: 'failure', reason: 'key_suspended', occurredAt: new Date() } as const;
    await api.stores.forInstance(mine).record(sampleAudit(mine, { initiator, target, ...refused }));
    const list = await api.send<{ quarantined_keys: object[] }>('GET', `${base()}/quarantined_keys`);
    const asked = { asked_for: { sha256_fingerprint: 'ab'.repeat(32), address: '192.0.2.4' } };
    expect(list.body.quarantined_keys).toMatchObject([asked]);
    const href = String(put.headers['location']);
    expect((await api.send('GET', href)).body).toMatchObject(asked);
    expect((await api.send('DELETE', href)).status).toBe(204);
    expect((await api.send('GET', `${base()}/keys/${object.uniqueIdentifier}`)).body).toMatchObject({
      suspended: false,
    });
    expect((await api.send('DELETE', href)).status).toBe(404);
  });

  it('stay suspended when they leave the quarantine, if they were before', async () => {
    const object = await key({ suspended: true });
    await upload([]);
    const put = await quarantine(object);
    expect(put.body).toMatchObject({ suspended: true, suspended_before: true });
    expect((await quarantine(object)).body).toMatchObject({ suspended_before: true });
    expect((await api.send('DELETE', String(put.headers['location']))).status).toBe(204);
    const suspended = async (): Promise<unknown> =>
      (await api.send('GET', `${base()}/keys/${object.uniqueIdentifier}`)).body;
    expect(await suspended()).toMatchObject({ suspended: true });
    // Resumed since: what it is set aside by is the quarantine alone.
    const resume = { body: { suspended: false }, headers: { 'if-match': '*' } };
    await api.send('PATCH', `${base()}/keys/${object.uniqueIdentifier}`, resume);
    const again = await quarantine(object);
    expect(again.body).toMatchObject({ suspended: true, suspended_before: false });
    expect((await quarantine(object)).body).toMatchObject({ suspended_before: false });
    await api.send('DELETE', String(again.headers['location']));
    expect(await suspended()).toMatchObject({ suspended: false });
  });

  it('are set aside since they were last, and not since a quarantine of before', async () => {
    const object = await key();
    await upload([]);
    await quarantine(object);
    const admin = await database.openAdmin();
    const age = `UPDATE quarantined_keys SET since = since - interval '40 days' WHERE instance_id = $1`;
    await admin.query(age, [mine]);
    const since = async (): Promise<Date> => {
      const { body } = await quarantine(object);
      return new Date((body as unknown as { quarantined_at: string }).quarantined_at);
    };
    expect((await since()).getTime()).toBeLessThan(ago(900).getTime());
    const resume = { body: { suspended: false }, headers: { 'if-match': '*' } };
    expect((await api.send('PATCH', `${base()}/keys/${object.uniqueIdentifier}`, resume)).status).toBe(200);
    expect((await since()).getTime()).toBeGreaterThan(ago(1).getTime());
  });

  it('leave the quarantine when they are destroyed too, which else would be full of them', async () => {
    const object = await key();
    await upload([]);
    const href = String((await quarantine(object)).headers['location']);
    await api.stores.forInstance(mine).mutate(object.uniqueIdentifier, (current) => ({
      object: { ...current, state: 'Destroyed', destroyDate: new Date() },
      audit: sampleAudit(mine),
      result: undefined,
    }));
    expect((await api.send('GET', href)).body).toMatchObject({ message: 'The key is destroyed.' });
    expect((await api.send('DELETE', href)).status).toBe(204);
    expect((await api.send('GET', href)).status).toBe(404);
  });

  it('are none by an inventory of a second that no clock shows', async () => {
    const body = { taken_at: '2016-12-31T23:59:60Z', source: 'PowerCLI', key_ids: [], covered_certificates: [] };
    expect((await api.send('PUT', `${base()}/inventory`, { body })).status).toBe(400);
  });

  it('of another instance are not there', async () => {
    const object = await key();
    await upload([]);
    await quarantine(object);
    mine = await api.newInstance();
    await upload([]);
    expect(codes(await quarantine(object))).toBe('404 not_found');
    expect((await api.send('DELETE', `${base()}/quarantined_keys/${object.uniqueIdentifier}`)).status).toBe(404);
    expect((await api.send('GET', `${base()}/inventory`)).body).toMatchObject({ key_count: 0 });
  });

  describe('by an inventory', () => {
    const inventory = async (): Promise<object> => (await api.send('GET', `${base()}/inventory`)).body;

    /** A certificate of a client, as registered. */
    async function registered(
      name: string,
    ): Promise<{ readonly id: string; readonly fingerprint: CertificateFingerprint }> {
      const { certificatePem: certificate } = await issueClientCertificate('self-signed', {
        commonName: name,
        validDays: 1,
        keyKind: 'ec-p256',
      });
      const { status, body } = await api.send('POST', `${base()}/client_certificates`, { body: { name, certificate } });
      expect(status).toBe(201);
      return { id: String(body['id']), fingerprint: toFingerprint(String(body['sha256_fingerprint'])) };
    }

    const seen = (fingerprint: CertificateFingerprint, at: Date): Promise<void> => {
      const presented = { fingerprint, sha1Fingerprint: '', subject: 'CN=vc', issuer: 'CN=vc', serialNumber: '1' };
      const certificate = { ...presented, notBefore: ago(1), notAfter: ago(-1), pem: '' };
      const sighting = { verdict: 'accepted', address: '192.0.2.4', endpoint: 'kmip-1', at, certificate };
      return api.attempts.report([{ ...sighting, instanceId: mine, occurrences: 1 }]);
    };
    const removed = async (id: string, name: string): Promise<void> => {
      const answer = await api.send('DELETE', `${base()}/client_certificates/${id}?confirm=${name}`, {
        headers: { 'if-match': '*' },
      });
      expect([202, 204]).toContain(answer.status);
    };

    it('that does not say of every client certificate that it was looked at, or needs no key, are none', async () => {
      const object = await key();
      const [one, other] = [await registered('vc-01'), await registered('vc-02')];
      await seen(other.fingerprint, ago(2));
      const body = { taken_at: ago(1).toISOString(), source: 'PowerCLI', key_ids: [] };
      expect(codes(await api.send('PUT', `${base()}/inventory`, { body }))).toBe('400 missing_field');
      const refused = await upload([], ago(1), { covered_certificates: [one.fingerprint] });
      expect(codes(refused)).toBe('409 inventory_incomplete');
      expect(refused.text).toMatch(/: `vc-02` \(last seen at .* from 192\.0\.2\.4\)\. Nothing was changed\./);
      expect((await api.send('GET', `${base()}/inventory`)).status).toBe(404);
      expect(codes(await quarantine(object))).toBe('409 invalid_state');
      const said = { covered_certificates: [one.fingerprint], certificates_without_keys: [other.fingerprint] };
      expect((await upload([], ago(1), said)).body).toMatchObject({ ...said, uncovered_certificates: [], valid: true });
      expect(await candidates()).toEqual([object.uniqueIdentifier]);
      // It is somebody's word: the trail has it.
      const sets = (await recordedEvents(await database.openAdmin(), mine))
        .map(({ event }) => event)
        .filter(({ action, outcome }) => action.endsWith('key-inventory.set') && outcome === 'success');
      expect(sets.map(({ details }) => details)).toMatchObject([
        { certificates: 1, certificatesWithoutKeys: other.fingerprint },
      ]);
    });

    it('are none as soon as a client is added that it never knew of, until one says of it', async () => {
      const object = await key();
      const first = await registered('vc-01');
      await upload([], ago(1), { covered_certificates: [first.fingerprint] });
      expect(await candidates()).toEqual([object.uniqueIdentifier]);
      // It may run machines whose keys were there before.
      const later = await registered('vc-02');
      expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 inventory_incomplete');
      expect(codes(await quarantine(object))).toBe('409 inventory_incomplete');
      expect(await inventory()).toMatchObject({
        valid: false,
        uncovered_certificates: [{ sha256_fingerprint: later.fingerprint, name: 'vc-02' }],
      });
      await upload([], ago(1), { covered_certificates: [first.fingerprint, later.fingerprint] });
      expect((await quarantine(object)).status).toBe(201);
    });

    it('that leaves out a client that was removed are none, if it was seen within a week', async () => {
      const [lately, before] = [await registered('vc-01'), await registered('vc-02')];
      await seen(lately.fingerprint, ago(6 * 24));
      await seen(before.fingerprint, ago(8 * 24));
      await removed(lately.id, 'vc-01');
      await removed(before.id, 'vc-02');
      const refused = await upload([]);
      expect(codes(refused)).toBe('409 inventory_incomplete');
      expect(refused.text).toContain(`SHA-256 ${lately.fingerprint} (removed; last seen at `);
      expect(refused.text).not.toContain(before.fingerprint);
      expect((await upload([], ago(1), { covered_certificates: [lately.fingerprint] })).status).toBe(200);
    });

    it('of a release before, which says of no certificate, are none', async () => {
      const object = await key();
      await registered('vc-01');
      const admin = await database.openAdmin();
      await admin.query(
        `INSERT INTO key_inventories (instance_id, taken_at, uploaded_at, uploaded_by, source, key_ids)
          VALUES ($1, now(), now(), 'one', 'PowerCLI', '[]')`,
        [mine],
      );
      expect(codes(await api.send('GET', `${base()}/reclaim_candidates`))).toBe('409 inventory_incomplete');
      expect(codes(await quarantine(object))).toBe('409 inventory_incomplete');
    });

    it('that is hostile are as many as by an honest one', async () => {
      const object = await key();
      const id = object.uniqueIdentifier;
      const send = (body: object, as = 'manager') =>
        api.send('PUT', `${base()}/inventory`, {
          as,
          body: { taken_at: ago(1).toISOString(), source: 'x', key_ids: [], covered_certificates: [], ...body },
        });
      for (const body of [
        { source: 'a\u0000b' },
        { source: 'a\nb' },
        { key_ids: ['../../x'] },
        { key_ids: ['a'.repeat(129)] },
        { key_ids: Array(25_001).fill('a') },
        { key_ids: 'all' },
        { covered_certificates: ['*'] },
        { covered_certificates: Array(1_001).fill('a'.repeat(64)) },
        { covered_certificates: ['A'.repeat(64)] },
        { certificates_without_keys: [{}] },
        { covers_all: true },
      ]) {
        expect([JSON.stringify(body).slice(0, 60), (await send(body)).status]).toEqual([expect.anything(), 400]);
      }
      expect((await send({ source: 'x'.repeat(1_100_000) })).status).toBe(413);
      for (const as of ['viewer', 'reader']) expect(codes(await send({}, as))).toBe('403 forbidden');
      expect((await send({}, 'foreigner')).status).toBe(404);
      // Keys of others and of nobody, and the same ones again and again: they speak for nothing here.
      const strangers = Array.from({ length: 12_000 }, () => 'ffffffff-ffff-4fff-8fff-ffffffffffff');
      expect((await send({ key_ids: [...strangers, id, id] })).body).toMatchObject({ key_count: 2 });
      expect(await candidates()).toEqual([]);
      expect((await send({ key_ids: strangers })).body).toMatchObject({ key_count: 1 });
      expect(await candidates()).toEqual([id]);
    });
  });
});
