import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';

import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';
import {
  FakeIam,
  FakeKeyManager,
  sampleAudit,
  sampleObject,
  startTestPostgres,
  type TestDatabase,
  textAttribute,
} from '@lib/testing';

import { type Answer, OTHER_ACCOUNT, TenantApiApp } from '../../../test/tenant-api-app';
import { TRIED_FOR_MS } from '../../webhooks/webhook-delivery';

jest.setTimeout(60_000);

const NAME = 'hooks.example.com';
const DEADLINE_MS = 3_000;

interface Delivered {
  readonly path: string | undefined;
  readonly id: string;
  readonly body: string;
  readonly event: { readonly id: string; readonly type: string; readonly data: Record<string, unknown> };
  readonly signature: string;
  readonly timestamp: string;
}

/** What a tenant runs: TLS under a public name, and an answer for each path. */
class Receiver {
  readonly delivered: Delivered[] = [];
  /** By path: a status, or nothing at all. */
  readonly answers = new Map<string, number | 'silence'>();
  readonly #awaited = new Map<string, () => void>();

  private constructor(
    private readonly server: Server,
    readonly ca: string,
  ) {}

  static async start(): Promise<Receiver> {
    const authority = await issueCertificateAuthority({ commonName: 'test CA', validDays: 2 });
    const names = { commonName: NAME, dnsNames: [NAME], ipAddresses: [], validDays: 1 };
    const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, names);
    const server = createServer({ cert: certificatePem, key: privateKeyPem.exposeText() });
    const receiver = new Receiver(server, authority.certificatePem);
    server.on('request', (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const header = (name: string): string => String(request.headers[`webhook-${name}`]);
        const [id, signature, timestamp] = [header('id'), header('signature'), header('timestamp')];
        const event = JSON.parse(body) as Delivered['event'];
        receiver.delivered.push({ path: request.url, id, signature, timestamp, body, event });
        receiver.#awaited.get(request.url ?? '')?.();
        const answer = receiver.answers.get(request.url ?? '') ?? 204;
        if (answer !== 'silence') response.writeHead(answer).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url(path: string): string {
    return `https://${NAME}:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** The next delivery there. */
  arrival(path: string): Promise<void> {
    return new Promise((resolve) => this.#awaited.set(path, resolve));
  }

  at(path: string): readonly Delivered[] {
    return this.delivered.filter((each) => each.path === path);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

describe('the webhook of an instance', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let receiver: Receiver;
  let api: TenantApiApp;
  let mine: InstanceId;
  let held: InstanceId | undefined;

  beforeAll(async () => {
    [database, iam, receiver] = await Promise.all([startTestPostgres(), FakeIam.start(), Receiver.start()]);
    const loopback = { address: '127.0.0.1', family: 4 };
    const webhookPost = {
      deadlineMs: DEADLINE_MS,
      ca: receiver.ca,
      resolve: () => Promise.resolve([loopback]),
      isAllowed: () => true,
    };
    const restore = { heldSince: (id: InstanceId) => (id === held ? new Date() : undefined) };
    const dataSource = await database.openDataSource();
    api = await TenantApiApp.start(dataSource, iam, new FakeKeyManager(), {}, { webhookPost, restore });
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop(), receiver.stop()]);
  });

  beforeEach(async () => {
    api.failures.length = 0;
    receiver.delivered.length = 0;
    receiver.answers.clear();
    held = undefined;
    mine = await api.newInstance();
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const pathOf = (id: InstanceId): string => `/v1/instances/${id}/webhook`;
  const set = (body: object, id = mine, headers: Record<string, string> = {}): Promise<Answer> =>
    api.send('PUT', pathOf(id), { body, headers });
  const shown = async (id = mine): Promise<Answer['body']> => (await api.send('GET', pathOf(id))).body;
  const sql = async (text: string, ...values: unknown[]): Promise<void> => {
    await (await database.openAdmin()).query(text, values);
  };
  const dueNow = (): Promise<void> => sql(`UPDATE webhooks SET due_at = '2020-01-01' WHERE instance_id = $1`, mine);

  async function happens(action: AuditAction, facts: Partial<AuditEvent> = {}, id = mine): Promise<void> {
    const target = { kind: 'root-key', id: 'binding-1' } as const;
    await api.stores.forInstance(id).record(sampleAudit(id, { action, target, occurredAt: new Date(), ...facts }));
  }
  const types = (path: string): readonly string[] =>
    receiver.at(path).map(({ event }) => event.type.replace('com.ibm.cloud.vmware-solutions.', ''));

  it('is set with a secret that is shown once, and sealed', async () => {
    expect((await api.send('GET', pathOf(mine))).status).toBe(404);
    const dry = await set({ url: receiver.url('/a') }, mine, { 'IBM-API-Dry-Run': 'validate' });
    expect([dry.status, (await api.send('GET', pathOf(mine))).status]).toEqual([204, 404]);
    const made = await set({ url: receiver.url('/a') });
    expect(made).toMatchObject({ status: 201, body: { vm_names: false, state: 'untried', events_waiting: 0 } });
    const secret = String(made.body['secret']);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await shown()).not.toHaveProperty('secret');
    const kept = await set({ url: receiver.url('/b'), vm_names: true });
    expect(kept).toMatchObject({ status: 200, body: { url: receiver.url('/b'), vm_names: true } });
    expect(kept.body).not.toHaveProperty('secret');
    await api.send('POST', `${pathOf(mine)}/test`);
    expect(verified(receiver.delivered[0], secret)).toBe(true);
    const admin = await database.openAdmin();
    const { rows } = await admin.query<{ text: string }>(
      `SELECT row_to_json(w)::text AS text FROM webhooks w WHERE instance_id = $1`,
      [mine],
    );
    const bytes = Buffer.from(secret.slice(6), 'base64');
    expect(rows[0]?.text).not.toContain(bytes.toString('hex'));
    const trail = await api.send('GET', `/v1/instances/${mine}/audit_events`);
    expect(trail.text).not.toContain(secret.slice(6));
    expect(trail.text).toContain('webhook.set');
  });

  it('refuses what is no address of the internet, and no secret', async () => {
    for (const url of [
      'http://hooks.example.com/',
      'https://127.0.0.1/',
      'https://169.254.169.254/',
      'https://db.local/',
    ]) {
      const refused = await set({ url });
      expect(refused).toMatchObject({ status: 400 });
    }
    const refused = await set({ url: receiver.url('/a'), secret: `whsec_${Buffer.alloc(25, 1).toString('base64')}A` });
    expect(refused.status).toBe(400);
    expect((await api.send('GET', pathOf(mine))).status).toBe(404);
  });

  it('is a Manager’s, of this account, and changed as it was read', async () => {
    const { body } = await set({ url: receiver.url('/a') });
    for (const as of ['viewer', 'reader', 'writer', 'administrator', 'nobody', 'foreigner']) {
      const answers = [
        await api.send('GET', pathOf(mine), { as }),
        await api.send('PUT', pathOf(mine), { as, body: { url: receiver.url('/evil') } }),
        await api.send('POST', `${pathOf(mine)}/test`, { as }),
        await api.send('DELETE', pathOf(mine), { as }),
      ];
      expect(answers.every(({ status }) => status === 403 || status === 404)).toBe(true);
    }
    expect(receiver.delivered).toEqual([]);
    await set({ url: receiver.url('/b') }, mine, { 'If-Match': `"${body.etag}"` });
    const stale = { 'If-Match': `"${body.etag}"` };
    expect((await set({ url: receiver.url('/c') }, mine, stale)).status).toBe(412);
    expect((await api.send('DELETE', pathOf(mine), { headers: stale })).status).toBe(412);
    expect((await api.send('DELETE', pathOf(mine))).status).toBe(204);
    expect((await api.send('DELETE', pathOf(mine))).status).toBe(404);
  });

  it('is tested, and says what the receiver answered', async () => {
    await set({ url: receiver.url('/a') });
    expect(await shown()).toMatchObject({ state: 'untried' });
    expect((await api.send('POST', `${pathOf(mine)}/test`)).body).toEqual({ delivered: true });
    expect(await shown()).toMatchObject({ state: 'well' });
    receiver.answers.set('/a', 302);
    const failed = await api.send('POST', `${pathOf(mine)}/test`);
    expect(failed).toMatchObject({
      status: 200,
      body: { delivered: false, failure: { reason: 'status', status_code: 302 } },
    });
    expect(types('/a')).toEqual(['webhook:test', 'webhook:test']);
    expect(await shown()).toMatchObject({ state: 'well' });
    // What another address took says nothing of this one.
    await set({ url: receiver.url('/b') });
    expect(await shown()).toMatchObject({ state: 'untried' });
  });

  it('hears that a second person to destroy was turned off, and until when one is demanded still', async () => {
    const change = (on: boolean): Promise<Answer> =>
      api.send('PATCH', `/v1/instances/${mine}`, {
        body: { second_person_to_destroy: on },
        headers: { 'if-match': '*' },
      });
    expect((await change(true)).status).toBe(200);
    await set({ url: receiver.url('/a') });
    const { second_person_until: secondPersonUntil } = (await change(false)).body;
    await api.deliveries.round();
    expect(receiver.at('/a').map(({ event }) => event)).toMatchObject([
      {
        type: 'com.ibm.cloud.vmware-solutions.instance:update',
        ibmenseverity: 'high',
        data: { details: { secondPersonToDestroy: false, secondPersonUntil } },
      },
    ]);
  });

  it.each([
    ['another address', 'webhook:set', { url: 'https://elsewhere.example.com/' }],
    ['another secret', 'webhook:set', { secret: `whsec_${randomBytes(32).toString('base64')}` }],
    ['nothing in its place', 'webhook:unset', undefined],
  ])('is not taken away unheard, with %s, by who ends the demand for a second person', async (_what, type, body) => {
    const url = receiver.url('/former');
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    await set({ url, secret });
    const options = (on: boolean): Promise<Answer> =>
      api.send('PATCH', `/v1/instances/${mine}`, {
        body: { second_person_to_destroy: on },
        headers: { 'if-match': '*' },
      });
    await options(true);
    const { second_person_until: secondPersonUntil } = (await options(false)).body;
    const changed = body ? await set({ url, ...body }) : await api.send('DELETE', pathOf(mine));
    expect(changed.status).toBe(body ? 200 : 204);
    expect(types('/former')).toEqual([type]);
    const [last] = receiver.at('/former');
    expect(verified(last, secret)).toBe(true);
    expect(last?.event).toMatchObject({
      ibmenseverity: 'high',
      data: { instance_id: mine, details: { secondPersonToDestroy: false, secondPersonUntil } },
    });
    await api.send('DELETE', pathOf(mine));
  });

  it('is taken away without a word where its receiver may not be its tenant’s any more, or is told nothing new', async () => {
    const url = receiver.url('/former');
    await set({ url });
    await set({ url, vm_names: true });
    held = mine;
    await api.send('DELETE', pathOf(mine));
    held = undefined;
    await set({ url });
    receiver.answers.set('/former', 500);
    await set({ url: receiver.url('/next') });
    expect(types('/former')).toEqual(['webhook:set']);
    expect(await shown()).toMatchObject({ url: receiver.url('/next'), state: 'untried' });
    await api.send('DELETE', pathOf(mine));
  });

  it('gets events in order, signed, from the moment it was set, and nothing else', async () => {
    await happens('vmware-solutions.root-key.health');
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    expect((await set({ url: receiver.url('/a'), secret })).body).not.toHaveProperty('secret');
    await happens('vmware-solutions.root-key.health', {
      details: { state: 'attention', met: 'unwrap', userNote: 'web-01' },
    });
    await happens('vmware-solutions.kmip-key.read');
    await happens('vmware-solutions.kmip-key.suspend', { outcome: 'failure', reason: 'key_state_conflict' });
    await happens('vmware-solutions.kmip-key.lose');
    await happens('vmware-solutions.root-key.expire', { details: { days: 7 } });
    const met = { state: 'hindered', keysLeft: 2, code: 'may_not_delete', message: 'Give it Manager there.' };
    await happens('vmware-solutions.root-key-move.hinder', { details: met });
    expect(await shown()).toMatchObject({ events_waiting: 4 });
    await api.deliveries.round();
    expect(types('/a')).toEqual(['root-key:health', 'kmip-key:lose', 'root-key:expire', 'root-key-move:hinder']);
    expect(receiver.delivered.at(-1)?.event).toMatchObject({ ibmenseverity: 'high', data: { details: met } });
    expect(receiver.delivered.every((each) => each.id === each.event.id && verified(each, secret))).toBe(true);
    const [first] = receiver.delivered;
    expect(first?.event).toMatchObject({
      specversion: '1.0',
      source: expect.stringMatching(/^crn:v1:/) as string,
      data: { instance_id: mine, details: { state: 'attention', met: 'unwrap' } },
    });
    expect(first?.body).not.toContain('web-01');
    await api.deliveries.round();
    expect(receiver.delivered).toHaveLength(4);
    const state = await shown();
    expect(state).toMatchObject({ state: 'well', events_waiting: 0, events_skipped: 0 });
    expect(state).toHaveProperty('last_delivered_at');
  });

  it('gets names of machines only when the tenant says so', async () => {
    const object = sampleObject({ state: 'Active', attributes: [textAttribute('x-Name', 'payroll-db')] });
    const catalog = api.stores.forInstance(mine);
    const intent = {
      uniqueIdentifier: object.uniqueIdentifier,
      storedKeyName: 's',
      startedAt: new Date(),
      createdBy: 'x',
    };
    await catalog.openIntent(intent, 10);
    await catalog.completeIntent(object, sampleAudit(mine, { correlationId: newCorrelationId() }));
    const target = { kind: 'key', id: object.uniqueIdentifier, name: 'payroll-db' } as const;
    await set({ url: receiver.url('/a') });
    await happens('vmware-solutions.kmip-key.lose', { target });
    await api.deliveries.round();
    await set({ url: receiver.url('/a'), vm_names: true });
    await happens('vmware-solutions.kmip-key.regain', { target });
    await api.deliveries.round();
    expect(receiver.at('/a').map(({ body }) => body.includes('payroll-db'))).toEqual([false, true]);
    expect(receiver.delivered[1]?.event.data).toMatchObject({ vm: { name: 'payroll-db' } });
  });

  it('is tried again, later and later, with the same identifier, and in order', async () => {
    await set({ url: receiver.url('/a') });
    receiver.answers.set('/a', 503);
    await happens('vmware-solutions.kmip-key.lose');
    await happens('vmware-solutions.kmip-key.regain');
    await api.deliveries.round();
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose']);
    const failing = await shown();
    expect(failing).toMatchObject({
      state: 'failing',
      events_waiting: 2,
      last_failure: { reason: 'status', status_code: 503 },
    });
    expect(Date.parse(String(failing['next_attempt_at']))).toBeGreaterThan(Date.now());
    receiver.answers.clear();
    await dueNow();
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'kmip-key:lose', 'kmip-key:regain']);
    expect(receiver.delivered[0]?.id).toBe(receiver.delivered[1]?.id);
    expect(await shown()).toMatchObject({ state: 'well', events_waiting: 0 });
  });

  it('ends at a receiver that is gone, says so once, and goes on when it is set again', async () => {
    await set({ url: receiver.url('/a') });
    receiver.answers.set('/a', 410);
    await happens('vmware-solutions.kmip-key.lose');
    await happens('vmware-solutions.kmip-key.regain');
    for (let round = 0; round < 3; round += 1) await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose']);
    const state = await shown();
    expect(state).toMatchObject({
      state: 'gone',
      events_waiting: 2,
      last_failure: { status_code: 410, message: expect.stringContaining('set again') as string },
    });
    expect(state).not.toHaveProperty('next_attempt_at');
    const disabled = '/audit_events?action=vmware-solutions.webhook.disable';
    const { body } = await api.send<{ audit_events: object[] }>('GET', `/v1/instances/${mine}${disabled}`);
    expect(body.audit_events).toMatchObject([{ outcome: 'success' }]);
    receiver.answers.clear();
    await set({ url: receiver.url('/a') });
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'kmip-key:lose', 'kmip-key:regain']);
    expect(await shown()).toMatchObject({ state: 'well', events_waiting: 0 });
  });

  it('gives up what nobody took for three days, says so, and goes on', async () => {
    await set({ url: receiver.url('/a') });
    receiver.answers.set('/a', 500);
    const occurredAt = new Date(Date.now() - TRIED_FOR_MS - 60_000);
    await happens('vmware-solutions.kmip-key.lose', { occurredAt });
    await happens('vmware-solutions.kmip-key.regain', { occurredAt });
    await happens('vmware-solutions.root-key.expire');
    await api.deliveries.round();
    expect(await shown()).toMatchObject({ events_skipped: 2, events_waiting: 1, state: 'failing' });
    receiver.answers.clear();
    await dueNow();
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'root-key:expire']);
  });

  it('gets an event again when the process ended before it was noted', async () => {
    await set({ url: receiver.url('/a') });
    await happens('vmware-solutions.kmip-key.lose');
    const admin = await database.openAdmin();
    const { rows } = await admin.query<{ cursor: string }>('SELECT cursor FROM webhooks WHERE instance_id = $1', [
      mine,
    ]);
    await api.deliveries.round();
    await sql('UPDATE webhooks SET cursor = $2 WHERE instance_id = $1', mine, rows[0]?.cursor);
    await dueNow();
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'kmip-key:lose']);
    expect(receiver.delivered[0]?.id).toBe(receiver.delivered[1]?.id);
  });

  it('goes on when the trail ends before its place, as after one was cut', async () => {
    await set({ url: receiver.url('/a') });
    await sql(`UPDATE webhooks SET cursor = 1000, moved_at = now() - interval '1 minute' WHERE instance_id = $1`, mine);
    await happens('vmware-solutions.kmip-key.lose');
    await api.deliveries.round();
    await happens('vmware-solutions.kmip-key.regain');
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'kmip-key:regain']);
  });

  it('sends nothing for an instance that is disabled, or that a restore brought back and nobody released', async () => {
    await set({ url: receiver.url('/a') });
    await happens('vmware-solutions.kmip-key.lose');
    held = mine;
    await api.deliveries.round();
    held = undefined;
    await sql('UPDATE instances SET enabled = false WHERE id = $1', mine);
    await api.deliveries.round();
    expect(receiver.delivered).toEqual([]);
    await sql('UPDATE instances SET enabled = true WHERE id = $1', mine);
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose']);
    await happens('vmware-solutions.kmip-key.regain');
    await sql('DELETE FROM managed_objects WHERE instance_id = $1', mine);
    await api.send('DELETE', pathOf(mine));
    await api.deliveries.round();
    expect(types('/a')).toEqual(['kmip-key:lose', 'webhook:unset']);
  });

  it('that is sent twice at once notes its place once', async () => {
    await set({ url: receiver.url('/a') });
    for (let count = 0; count < 5; count += 1) await happens('vmware-solutions.kmip-key.lose');
    await Promise.all([api.deliveries.round(), api.deliveries.round()]);
    await dueNow();
    await api.deliveries.round();
    expect(new Set(receiver.delivered.map(({ id }) => id)).size).toBe(5);
    expect(await shown()).toMatchObject({ events_waiting: 0, events_skipped: 0 });
  });

  it('that hangs delays no neighbour, and learns nothing of one', async () => {
    const neighbour = await api.newInstance(OTHER_ACCOUNT);
    await set({ url: receiver.url('/hangs') });
    receiver.answers.set('/hangs', 'silence');
    await sql(
      `INSERT INTO webhooks (instance_id, id, revision, url, vm_names, service_key_version, sealed_secret, created_at,
          updated_at, cursor, moved_at, due_at)
        SELECT $2, id, 1, $3, true, service_key_version, sealed_secret, now(), now(), 0, now(), now()
          FROM webhooks WHERE instance_id = $1`,
      ...[mine, neighbour, receiver.url('/stolen')],
    );
    await happens('vmware-solutions.kmip-key.lose');
    await happens('vmware-solutions.kmip-key.lose', {}, neighbour);
    const other = await api.newInstance();
    await set({ url: receiver.url('/other') }, other);
    await happens('vmware-solutions.kmip-key.lose', {}, other);
    const arrival = receiver.arrival('/other');
    const round = api.deliveries.round();
    let over = false;
    void round.then(() => (over = true));
    await arrival;
    expect(over).toBe(false);
    await round;
    expect(await shown()).toMatchObject({ state: 'failing', last_failure: { reason: 'timed_out' } });
    // A row that was copied to another tenant does not open there, so nothing is signed and sent.
    expect(receiver.at('/stolen')).toEqual([]);
  });

  // The last one: what is stopped stays so.
  it('counts as not tried what was under way when the process stopped', async () => {
    await set({ url: receiver.url('/hangs') });
    receiver.answers.set('/hangs', 'silence');
    await happens('vmware-solutions.kmip-key.lose');
    const arrival = receiver.arrival('/hangs');
    const round = api.deliveries.round();
    await arrival;
    api.deliveries.stop();
    await round;
    expect(await shown()).toMatchObject({ state: 'untried', events_waiting: 1 });
  });
});

/** As a receiver does by Standard Webhooks. */
function verified(delivered: Delivered | undefined, secret: string): boolean {
  const { id, timestamp, body, signature } = delivered ?? { id: '', timestamp: '', body: '', signature: '' };
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  return signature === `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
