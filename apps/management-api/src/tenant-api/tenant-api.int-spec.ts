import { randomUUID } from 'node:crypto';

import { verifyExport } from '@lib/audit';
import { type InstanceId, newCorrelationId, toFingerprint } from '@lib/kernel';
import { type CommonFields, type ManagedObject } from '@lib/kmip-engine';
import { describeCertificate, issueCertificateAuthority, issueClientCertificate } from '@lib/pki';
import {
  FakeIam,
  FakeKeyManager,
  nameAttribute,
  putObject,
  recordedEvents,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';

import { type Answer, FIT_API_KEY, OTHER_ACCOUNT, TenantApiApp } from '../../test/tenant-api-app';
import { type RootKeyCheck } from './root-key/root-key-workbench';

jest.setTimeout(60_000);

describe('tenant API on Postgres', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  const keyManager = new FakeKeyManager();
  let mine: InstanceId;
  /** What the check of a root key finds. */
  let steps: RootKeyCheck['steps'] = [];
  const send: TenantApiApp['send'] = (method, path, sending) => api.send(method, path, sending);

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    // What it does leaves the machine: test/e2e has it against the local cloud.
    const workbench = {
      check: () =>
        Promise.resolve({ passed: steps.length === 0, destroyPermitted: true, checkedAt: new Date(), steps }),
      describeApiKey: () => Promise.resolve(FIT_API_KEY),
    };
    api = await TenantApiApp.start(await database.openDataSource(), iam, keyManager, workbench);
    mine = await api.newInstance();
    await api.newInstance(OTHER_ACCOUNT);
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(() => {
    api.failures.length = 0;
  });

  const base = (instanceId: InstanceId = mine): string => `/v1/instances/${instanceId}`;
  const codes = ({ status, body }: Answer): string => [status, ...body.errors.map(({ code }) => code)].join(' ');
  const etag = (answer: Answer): Record<string, string> => ({ 'if-match': `"${answer.body.etag}"` });
  const certificate = async (commonName = 'vc'): Promise<string> =>
    (await issueClientCertificate('self-signed', { commonName, validDays: 30 })).certificatePem;

  describe('instances', () => {
    it('lists those of the account only, page by page', async () => {
      const other = await api.newInstance();
      const first = await send<{ instances: { id: string }[]; next: { href: string } }>('GET', '/v1/instances?limit=1');
      const second = await send<{ instances: { id: string }[] }>('GET', first.body.next.href);
      expect([...first.body.instances, ...second.body.instances].map(({ id }) => id).sort()).toEqual(
        [mine, other].sort(),
      );
      expect(second.body).not.toHaveProperty('next');
    });

    it('shows nobody what he may not see', async () => {
      const { body } = await send<{ instances: unknown[] }>('GET', '/v1/instances', { as: 'nobody' });
      expect(body.instances).toEqual([]);
    });

    it('says what to do next', async () => {
      const answer = await send('GET', base(), { as: 'viewer' });
      expect(answer.body).toMatchObject({ id: mine, state: 'inactive', next_step: { code: 'set_credential' } });
      expect(answer.headers['etag']).toBe(`"${answer.body.etag}"`);
    });
  });

  describe('client certificates', () => {
    const path = (): string => `${base()}/client_certificates`;

    it('are added, read, renamed and removed', async () => {
      const pem = await certificate();
      const added = await send('POST', path(), { body: { name: 'vc-1', certificate: pem } });
      expect(added.status).toBe(201);
      const described = describeCertificate(pem, new Date());
      expect(added.body).toMatchObject({
        name: 'vc-1',
        sha256_fingerprint: described.fingerprint,
        sha1_fingerprint: described.sha1Fingerprint,
        expires_in_days: 29,
        key_type: 'rsa_2048',
      });
      const location = String(added.headers['location']);
      const renamed = await send('PATCH', location, { body: { name: 'vc-2' }, headers: etag(added) });
      expect([renamed.status, renamed.body['name']]).toEqual([200, 'vc-2']);
      expect(codes(await send('PATCH', location, { body: { name: 'vc-3' }, headers: etag(added) }))).toBe(
        '412 precondition_failed',
      );
      expect(codes(await send('DELETE', location, { headers: etag(added) }))).toBe('412 precondition_failed');
      const list = await send<{ client_certificates: { name: string }[] }>('GET', `${path()}?name=vc-2`);
      expect(list.body.client_certificates.map(({ name }) => name)).toEqual(['vc-2']);
      expect((await send('DELETE', location, { headers: etag(renamed) })).status).toBe(204);
      expect(codes(await send('DELETE', location))).toBe('404 not_found');
      expect(codes(await send('DELETE', location, { headers: etag(renamed) }))).toBe('412 precondition_failed');
    });

    it('show when and from where they were seen last', async () => {
      const pem = await certificate();
      const added = await send('POST', path(), { body: { name: 'seen', certificate: pem } });
      const { fingerprint, sha1Fingerprint, ...rest } = describeCertificate(pem, new Date());
      const at = new Date(Date.now() - 60_000);
      const presented = { ...rest, fingerprint, sha1Fingerprint, pem };
      await api.attempts.report([
        {
          verdict: 'accepted',
          address: '192.0.2.9',
          endpoint: 'kmip-1',
          at,
          certificate: presented,
          server: { fingerprint: 'f0'.repeat(32), at },
          instanceId: mine,
          occurrences: 1,
        },
      ]);
      const seen = await send('GET', String(added.headers['location']));
      expect(seen.body['last_seen']).toEqual({ at: at.toISOString(), address: '192.0.2.9', endpoint: 'kmip-1' });
      expect(seen.body['server_trust']).toMatchObject([
        { endpoint: 'kmip-1', accepted_sha256_fingerprint: 'f0'.repeat(32), accepted_at: at.toISOString() },
      ]);
      // A client is at work with it: whoever removes it must say which one he means.
      const location = String(added.headers['location']);
      for (const confirm of ['', '?confirm=other']) {
        const refused = await send('DELETE', location + confirm, { headers: etag(added) });
        expect(codes(refused)).toBe('409 confirmation_required');
        expect(refused.text).toContain('192.0.2.9');
        expect(refused.text).toContain('`seen`');
      }
      expect((await send('GET', location)).status).toBe(200);
      // The change that is allowed is about what is stored, not about who was seen.
      expect((await send('DELETE', `${location}?confirm=seen`, { headers: etag(added) })).status).toBe(204);
    });

    it.each<[string, (pem: string) => string, string]>([
      ['two certificates', (pem) => pem + pem, '400 invalid_certificate'],
      ['a damaged one', (pem) => pem.replace(/[a-f]/g, 'g'), '400 invalid_certificate'],
      ['text', () => 'x'.repeat(100), '400 invalid_certificate'],
    ])('refuse %s', async (_name, damage, expected) => {
      const body = { name: 'bad', certificate: damage(await certificate()) };
      expect(codes(await send('POST', path(), { body }))).toBe(expected);
    });

    it('refuse an expired one', async () => {
      const authority = await issueCertificateAuthority({ commonName: 'ca', validDays: 900 });
      const notBefore = new Date(Date.now() - 40 * 86_400_000);
      const pair = await issueClientCertificate(authority, { commonName: 'old', validDays: 30, notBefore });
      const body = { name: 'old', certificate: pair.certificatePem };
      expect(codes(await send('POST', path(), { body }))).toBe('400 invalid_certificate');
    });

    it('are taken with what tools print around them', async () => {
      const pem = await certificate();
      const body = { name: 'pasted', certificate: `\ufeffsubject=CN = vc\r\n\r\n${pem.replaceAll('\n', '\r\n')}` };
      const answer = await send('POST', path(), { body });
      expect([answer.status, answer.body['certificate']]).toEqual([201, pem]);
    });

    it.each(['certificate', 'certificate_signing_request'])('as %s say what is wrong with the text', async (field) => {
      const sentences = {
        'certificate: none': /holds no certificate.* in PEM/,
        '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----': /treat that key as disclosed/,
      };
      for (const [text, sentence] of Object.entries(sentences)) {
        const answer = await send('POST', path(), { body: { name: 'refused', [field]: text } });
        expect(codes(answer)).toBe(`400 invalid_${field}`);
        expect(answer.text).toMatch(sentence);
      }
    });

    it.each([
      [{ name: 'none' }, '400 missing_field'],
      [{ name: 'both', certificate: 'PEM', certificate_signing_request: 'CSR' }, '400 invalid_field'],
      [{ name: 'gone', connection_attempt: { id: randomUUID() } }, '400 invalid_field'],
      [{ name: 'csr', certificate_signing_request: 'CSR' }, '400 invalid_certificate_signing_request'],
      [{ name: 'a b', certificate: 'PEM' }, '400 invalid_field'],
    ])('refuse %p', async (template, expected) => {
      const filled = JSON.stringify(template)
        .replace('"PEM"', JSON.stringify(await certificate()))
        .replace(
          '"CSR"',
          JSON.stringify(`-----BEGIN CERTIFICATE REQUEST-----\n${'A'.repeat(64)}\n-----END CERTIFICATE REQUEST-----\n`),
        );
      expect(codes(await send('POST', path(), { body: filled }))).toBe(expected);
    });

    it('are unique: the name in the instance, the certificate in the region', async () => {
      const pem = await certificate();
      const add = (name: string, text: string): Promise<Answer> =>
        send('POST', path(), { body: { name, certificate: text } });
      expect((await add('unique', pem)).status).toBe(201);
      expect(codes(await add('unique', await certificate()))).toBe('409 reserved_value');
      const again = await add('unique-2', pem);
      expect(codes(again)).toBe('409 duplicate_certificate');
      expect(again.text).not.toContain(mine);
    });

    it('make a key pair whose private key is not kept', async () => {
      const answer = await send<{ private_key: string; certificate: string }>('POST', `${base()}/client_key_pairs`, {
        body: { name: 'made' },
      });
      expect(answer.status).toBe(201);
      const kept = await send('GET', String(answer.headers['location']));
      expect(kept.body['certificate']).toBe(answer.body.certificate);
      const admin = await database.openAdmin();
      const needle = answer.body.private_key.split('\n')[1];
      const { rows } = await admin.query(`SELECT 1 FROM client_certificates t WHERE t::text LIKE '%' || $1 || '%'`, [
        needle,
      ]);
      expect(rows).toEqual([]);
      expect((await recordedEvents(admin)).filter(({ text }) => text.includes(needle ?? ''))).toEqual([]);
      const archive = await send<{ archive: string }>('POST', `${base()}/client_key_pairs`, {
        body: { name: 'made-2', encoding: 'pkcs12', password: 'long enough!' },
      });
      expect(Buffer.from(archive.body.archive, 'base64').length).toBeGreaterThan(1000);
      const without = { name: 'made-3', encoding: 'pkcs12' };
      expect(codes(await send('POST', `${base()}/client_key_pairs`, { body: without }))).toBe('400 missing_field');
    });
  });

  describe('keys', () => {
    let key: ManagedObject;
    const path = (object: ManagedObject = key): string => `${base()}/keys/${object.uniqueIdentifier}`;

    async function store(change: Partial<CommonFields>): Promise<ManagedObject> {
      const stored = await keyManager.storeKey(
        { correlationId: newCorrelationId() },
        'vmware_kmip_x',
        Buffer.from('x'),
      );
      const object = sampleObject({
        custody: { storedKeyId: stored.id, rootKeyId: 'root-1', rootKeyVersion: '1' },
        ...change,
      });
      const { uniqueIdentifier } = object;
      const catalog = api.stores.forInstance(mine);
      const storedKeyName = `vmware_kmip_${uniqueIdentifier}`;
      await catalog.openIntent({ uniqueIdentifier, storedKeyName, startedAt: new Date(), createdBy: 'x' }, 1000);
      await catalog.completeIntent(object, sampleAudit(mine));
      return object;
    }

    beforeEach(async () => {
      const name = `disk-${randomUUID()}`;
      key = await store({ state: 'Active', attributes: [nameAttribute(name), textAttribute('x-Name', 'web-01')] });
    });

    it('are shown without material, with what they protect and who fetched them', async () => {
      const fingerprint = toFingerprint('ab'.repeat(32));
      const initiator = { kind: 'certificate', fingerprint, address: '192.0.2.4' } as const;
      const target = { kind: 'key', id: key.uniqueIdentifier } as const;
      await api.stores.forInstance(mine).recordFetch(key, sampleAudit(mine, { initiator, target }));
      const answer = await send('GET', path());
      expect(answer.body).toMatchObject({
        id: key.uniqueIdentifier,
        state: 'active',
        owner: { name: 'web-01' },
        custody: { root_key_id: 'root-1' },
        last_fetched: { certificate: { sha256_fingerprint: fingerprint }, address: '192.0.2.4' },
      });
      expect(answer.text).not.toContain(key.digest.toString('hex'));
    });

    it('are found by attribute, and paged in order', async () => {
      const wanted = `/keys?attribute=${encodeURIComponent('x-Name=web-01')}&sort=created_at&limit=1`;
      const ids: string[] = [];
      for (let href: string | undefined = base() + wanted; href !== undefined;) {
        const page: Answer<{ keys: { id: string }[]; next?: { href: string } }> = await send('GET', href);
        expect(page.status).toBe(200);
        ids.push(...page.body.keys.map(({ id }) => id));
        href = page.body.next?.href;
      }
      expect(ids).toContain(key.uniqueIdentifier);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it.each(['name', '-name'])('are paged in the order of %s, however odd and long', async (sort) => {
      const names = ['b', 'a', '\u0001'.repeat(120), `${'😀'.repeat(60)}2`, `${'😀'.repeat(60)}1`, '"\\'.repeat(60)];
      const wanted = new Map<string, string>();
      for (const name of names) {
        const stored = await store({ attributes: [nameAttribute(`${sort}${name}`)] });
        wanted.set(stored.uniqueIdentifier, `${sort}${name}`);
      }
      const found: string[] = [];
      for (let href: string | undefined = `${base()}/keys?sort=${sort}&limit=1`; href !== undefined;) {
        const page: Answer<{ keys: { id: string }[]; next?: { href: string } }> = await send('GET', href);
        expect(page.status).toBe(200);
        found.push(...page.body.keys.map(({ id }) => id));
        href = page.body.next?.href;
      }
      expect(new Set(found).size).toBe(found.length);
      const mineInOrder = found.flatMap((id) => wanted.get(id)?.slice(0, 100) ?? []);
      expect(mineInOrder).toHaveLength(names.length);
      const bytes = mineInOrder.map((name) => Buffer.from(name));
      const sorted = bytes.toSorted((one, other) => Buffer.compare(one, other));
      expect(bytes).toEqual(sort === 'name' ? sorted : sorted.toReversed());
    });

    it('are suspended and resumed under their ETag', async () => {
      const before = await send('GET', path());
      const suspended = await send('PATCH', path(), { body: { suspended: true }, headers: etag(before) });
      expect([suspended.status, suspended.body['suspended']]).toEqual([200, true]);
      const stale = await send('PATCH', path(), { body: { suspended: false }, headers: etag(before) });
      expect(codes(stale)).toBe('412 precondition_failed');
      const resumed = await send('PATCH', path(), { body: { suspended: false }, headers: etag(suspended) });
      expect(resumed.body['suspended']).toBe(false);
    });

    it('are made active again once deactivated, and not otherwise', async () => {
      const locked = await store({ state: 'Deactivated', deactivationDate: new Date(Date.now() - 1000) });
      const answer = await send('PATCH', path(locked), { body: { state: 'active' } });
      expect([answer.status, answer.body['state']]).toEqual([200, 'active']);
      const compromised = await store({ state: 'Compromised' });
      expect(codes(await send('PATCH', path(compromised), { body: { state: 'active' } }))).toBe('409 invalid_state');
      expect(codes(await send('PATCH', path(), { body: { state: 'destroyed' } }))).toBe('400 invalid_field');
    });

    it('are destroyed only under their name, and only when they are not in use', async () => {
      const retired = await store({ state: 'Deactivated' });
      expect(codes(await send('DELETE', path(retired)))).toBe('400 missing_parameter');
      expect(codes(await send('DELETE', `${path(retired)}?expected_name=other`))).toBe('409 name_mismatch');
      expect((await send('GET', path(retired))).body['state']).toBe('deactivated');
      const name = encodeURIComponent(retired.uniqueIdentifier);
      expect((await send('DELETE', `${path(retired)}?expected_name=${name}`)).status).toBe(204);
      expect((await send('GET', path(retired))).body['state']).toBe('destroyed');
      const used = await send<{ name: string }>('GET', path());
      expect(codes(await send('DELETE', `${path()}?expected_name=${used.body.name}`))).toBe('409 invalid_state');
    });

    it('are revoked, or destroyed while in use, under the name of their machine', async () => {
      const revoke = (reason: string, { machine = 'web-01', headers = {} } = {}): Promise<Answer> =>
        send('POST', `${path()}/revoke?expected_name=${machine}`, { body: { reason }, headers });
      const dryRun = { headers: { 'ibm-api-dry-run': 'validate' } };
      expect(codes(await revoke('superseded', { machine: 'web-02' }))).toBe('409 name_mismatch');
      expect((await revoke('superseded', dryRun)).status).toBe(204);
      const destruction = `${path()}?expected_name=web-01&revoke=true`;
      expect((await send('DELETE', destruction, dryRun)).status).toBe(204);
      expect((await send('GET', path())).body['state']).toBe('active');
      const revoked = await revoke('superseded');
      expect([revoked.status, revoked.body['state']]).toEqual([200, 'deactivated']);
      expect(codes(await revoke('superseded'))).toBe('409 invalid_state');
      expect((await revoke('key_compromise')).body['state']).toBe('compromised');
      const body = { reason: 'superseded', compromise_occurred_at: '2026-01-01T00:00:00Z' };
      expect(codes(await send('POST', `${path()}/revoke?expected_name=web-01`, { body }))).toBe('400 invalid_field');
      key = await store({ state: 'Active', attributes: [textAttribute('x-Name', 'web-01')] });
      expect((await send('DELETE', `${path()}?expected_name=web-01&revoke=true`)).status).toBe(204);
      expect((await send('GET', path())).body['state']).toBe('destroyed');
    });
  });

  describe('credential', () => {
    const path = (): string => `${base()}/credential`;
    const secret = 'canary-api-key-0123456789abcdefghijkl';

    it('is set, shown without the key, replaced under its ETag and erased', async () => {
      const body = { api_key: secret };
      expect(codes(await send('GET', path()))).toBe('404 not_found');
      expect((await send('PUT', path(), { body, headers: { 'ibm-api-dry-run': 'validate' } })).status).toBe(204);
      expect(codes(await send('GET', path()))).toBe('404 not_found');
      const set = await send('PUT', path(), { body });
      expect([set.status, set.body['iam_id']]).toEqual([201, 'iam-ServiceId-1']);
      expect(set.text).not.toContain(secret);
      expect((await send('PUT', path(), { body, headers: etag(set) })).status).toBe(200);
      expect(codes(await send('PUT', path(), { body, headers: etag(set) }))).toBe('412 precondition_failed');
      const admin = await database.openAdmin();
      const { rows: live } = await admin.query('SELECT live_keys FROM instance_usage WHERE instance_id = $1', [mine]);
      const { live_keys: keys } = live[0] as { live_keys: number };
      const refused = await send('DELETE', path());
      expect(codes(refused)).toBe('409 confirmation_required');
      expect(refused.text).toContain(`${keys} keys of the instance cannot be fetched`);
      expect((await send('GET', path())).status).toBe(200);
      expect((await send('DELETE', `${path()}?confirm=kmip-01`)).status).toBe(204);
      expect((await recordedEvents(admin)).filter(({ text }) => text.includes('canary'))).toEqual([]);
    });
  });

  describe('a credential that does not reach the bound root key', () => {
    const path = (): string => `${base()}/credential`;
    const body = { api_key: 'canary-api-key-0123456789abcdefghijkl' };
    const replace = async (query = '', headers = {}): Promise<Answer> => {
      const current = await send('GET', path());
      return send('PUT', path() + query, { body, headers: { ...etag(current), ...headers } });
    };
    const fails: RootKeyCheck['steps'] = [
      { code: 'stored_key_read', permission: 'Writer', purpose: 'x', result: 'failed', message: 'may not read keys' },
    ];

    beforeEach(async () => {
      steps = [];
      await send('PUT', path(), { body });
      const account = '1c8ae972c35e470d994b6faff9494ce1';
      const crn = `crn:v1:bluemix:public:kms:us-south:a/${account}:${randomUUID()}:key:${randomUUID()}`;
      await send('PUT', `${base()}/root_key`, { body: { crn } });
      expect((await send('GET', `${base()}/root_key`)).status).toBe(200);
    });
    afterAll(() => {
      steps = [];
    });

    it('is taken without a question where it serves', async () => {
      expect((await replace()).status).toBe(200);
    });

    it('is set only by who names the instance, and is told what would stop', async () => {
      steps = fails;
      const before = await send('GET', path());
      for (const headers of [{}, { 'ibm-api-dry-run': 'validate' }]) {
        const refused = await replace('', headers);
        expect(codes(refused)).toBe('409 confirmation_required');
        expect(refused.text).toMatch(/\d+ keys? of the instance cannot be fetched any more: stored_key_read/);
        expect(codes(await replace('?confirm=kmip-02', headers))).toBe('409 confirmation_required');
      }
      expect((await send('GET', path())).body).toEqual(before.body);
      expect((await replace('?confirm=kmip-01', { 'ibm-api-dry-run': 'validate' })).status).toBe(204);
      expect((await send('GET', path())).body).toEqual(before.body);
      expect((await replace('?confirm=kmip-01')).status).toBe(200);
      const admin = await database.openAdmin();
      const recorded = await recordedEvents(admin, mine);
      const last = recorded.findLast(({ text }) => text.includes('credential.set'));
      expect(last?.text).toMatch(/stored_key_read: may not read keys/);
      expect(last?.text).not.toContain('canary');
    });
  });

  it('says how many notes of what must not come back the bound key manager lacks', async () => {
    const count = async () => Number((await send('GET', base())).body['unwritten_notes']);
    const { body } = await send('GET', `${base()}/root_key`);
    const bound = String(body['crn']).split(':').at(-1)!;
    const before = await count();
    const key = sampleObject({ state: 'Active' });
    const catalog = api.stores.forInstance(mine);
    await putObject(catalog, mine, key);
    await catalog.mutate(key.uniqueIdentifier, (object) => ({
      object: { ...object, suspended: true },
      audit: sampleAudit(mine),
      result: undefined,
    }));
    expect(await count()).toBe(before + 1);
    const [note] = await catalog.notes.of(key.uniqueIdentifier);
    await catalog.notes.markWritten(note!, randomUUID());
    expect(await count()).toBe(before + 1);
    await catalog.notes.markWritten(note!, bound);
    expect(await count()).toBe(before);
  });

  describe('audit', () => {
    it('has who, when, from where, what and how it ended, refusals included', async () => {
      await send('GET', `${base()}/credential`, { as: 'viewer' });
      const list = await send<{ audit_events: Record<string, unknown>[] }>(
        'GET',
        `${base()}/audit_events?outcome=failure&limit=1`,
      );
      expect(list.body.audit_events[0]).toMatchObject({
        action: 'vmware-solutions.credential.read',
        outcome: 'failure',
        reason: 'forbidden',
        initiator: { id: 'IBMid-viewer', authentication_type: 'iam_token', address: '127.0.0.1' },
        details: [{ name: 'operation', value: 'get_instance_credential' }],
      });
      const id = String(list.body.audit_events[0]?.['id']);
      expect((await send('GET', `${base()}/audit_events/${id}`)).body['reason']).toBe('forbidden');
      expect((await send('GET', `${base()}/audit_events/999999999999`)).status).toBe(404);
    });

    it.each<[object, string, string?]>([
      [{ suspended: true }, 'suspend'],
      [{ suspended: false }, 'resume'],
      [{ state: 'active' }, 'reactivate'],
      [{ state: 'active', suspended: false }, 'reactivate'],
      [{ suspended: 'yes' }, 'update'],
      [{ suspended: true }, 'update', 'viewer'],
    ])('names the change %j of a key that was refused: %s', async (body, action, as = 'manager') => {
      await send('PATCH', `${base()}/keys/${randomUUID()}`, { as, body });
      const found = await send<{ audit_events: { action: string }[] }>(
        'GET',
        `${base()}/audit_events?outcome=failure&limit=1`,
      );
      expect(found.body.audit_events[0]?.action).toBe(`vmware-solutions.kmip-key.${action}`);
    });

    it('is exported as one object for those who want that', async () => {
      const accept = { headers: { accept: 'application/json' } };
      const { headers, text } = await send('GET', `${base()}/audit_log`, accept);
      expect(headers['content-type']).toMatch(/^application\/json\b/);
      const { lines } = JSON.parse(text) as { lines: string[] };
      expect(lines.length).toBeGreaterThan(10);
      expect(verifyExport(lines)).toMatchObject({ intact: true });
      const none = await send('GET', `${base()}/audit_log?occurred_at=2001-01-01`, accept);
      expect(JSON.parse(none.text)).toEqual({ lines: [] });
    });

    it('is exported as lines that verify', async () => {
      const answer = await send('GET', `${base()}/audit_log`);
      expect(answer.headers['content-type']).toBe('application/x-ndjson');
      expect(verifyExport(answer.text.split('\n'))).toMatchObject({ intact: true });
    });
  });

  it('shows usage by day', async () => {
    await api.usages.measure('2026-11-22');
    await api.usages.measure('2026-11-23');
    const list = await send<{ usage_records: Record<string, unknown>[] }>('GET', `${base()}/usage_records?limit=1`, {
      as: 'viewer',
    });
    expect(list.body.usage_records).toMatchObject([{ id: 'day-20261123', started_at: '2026-11-23T00:00:00.000Z' }]);
    const one = await send('GET', `${base()}/usage_records/day-20261122`, { as: 'viewer' });
    expect(one.body).toMatchObject({ ended_at: '2026-11-23T00:00:00.000Z', live_keys: expect.any(Number) as number });
    expect((await send('GET', `${base()}/usage_records/day-20261341`, { as: 'viewer' })).status).toBe(404);
  });

  it('does nothing that fails inside', () => {
    expect(api.failures).toEqual([]);
  });
});
