import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeRequestMessage } from '@lib/kmip-protocol';
import { issueClientCertificate } from '@lib/pki';
import { RawPeer } from '@lib/testing';

import { answer } from './support/hostile';
import { createKey, vcenter } from './support/keys';
import { RunningService, until } from './support/running-service';
import { type Seed } from './support/second-tenant';
import { accountOf, emptyInstance, newApiKey, TenantApi } from './support/tenant-api';

jest.setTimeout(300_000);

const CHECKER = join(process.cwd(), '..', 'shared', 'tools', 'osb', 'handbook-check.mjs');
const DOCUMENT = join('docs', 'openapi', 'tenant-api.yaml');
const WITHIN_MS = 10_000;

/** `operationId.parameter` or `operationId.body` to what the checker sends. */
type Values = Readonly<Record<string, unknown>>;

/** `describe` where the checker is; otherwise a skipped suite, and a line that says why. */
function describeWithChecker(title: string, body: () => void): void {
  if (existsSync(CHECKER)) {
    describe(title, body);
    return;
  }
  process.stdout.write(`${title}: skipped, there is no ${CHECKER}\n`);
  describe.skip(`${title} (no checker)`, () => it('needs the checker', () => undefined));
}

describeWithChecker('the tenant API by its document and the API Handbook', () => {
  let service: RunningService;
  let token: string;
  let api: TenantApi;
  let folder: string;

  beforeAll(async () => {
    // The checker sends as fast as it can, which is not what it checks.
    service = await RunningService.start({ environment: { MANAGEMENT_REQUESTS_PER_SECOND: '10000' } });
    token = await service.token('manager');
    api = new TenantApi(service, token);
    folder = await mkdtemp(join(tmpdir(), 'kmip-handbook-'));
  });

  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const made = async (path: string, body: object): Promise<string> =>
    (await api.ok<{ readonly id: string }>('POST', path, body)).id;

  async function pem(commonName: string): Promise<string> {
    return (await issueClientCertificate('self-signed', { commonName, validDays: 400 })).certificatePem;
  }

  async function madePair(name: string): Promise<string> {
    const { client_certificate: certificate } = await api.ok<{ readonly client_certificate: { readonly id: string } }>(
      'POST',
      '/client_key_pairs',
      { name },
    );
    return certificate.id;
  }

  async function certificates(): Promise<Values> {
    const add = async (name: string): Promise<string> =>
      await made('/client_certificates', { name, certificate: await pem(name) });
    return {
      'get_instance_client_certificate.id': await add('read'),
      'update_instance_client_certificate.id': await add('renamed'),
      'update_instance_client_certificate.If-Match': '*',
      'update_instance_client_certificate.body': { name: 'renamed-again' },
      'delete_instance_client_certificate.id': await add('removed'),
      // Only what is proven can be handed over, as a pair is that the service made.
      'hand_over_instance_client_certificate.client_certificate_id': await madePair('handed-over'),
      'hand_over_instance_client_certificate.body': { instance: { id: (await emptyInstance(service)).instanceId } },
      'create_instance_client_certificate.body': { name: 'added', certificate: await pem('added') },
      'create_instance_client_key_pair.body': {
        name: 'pair',
        encoding: 'pkcs12',
        password: 'correct-horse',
        validity_days: 30,
      },
    };
  }

  /** One, so that the checker can issue the second. */
  async function kmipCredentials(): Promise<Values> {
    const id = await made('/kmip_credentials', {});
    // Where there are keys, a deletion asks for the name of the instance.
    const empty = await emptyInstance(service);
    const unused = await empty.ok<{ readonly id: string }>('POST', '/kmip_credentials', {});
    return {
      'get_instance_kmip_credential.id': id,
      'delete_instance_kmip_credential.instance_id': empty.instanceId,
      'delete_instance_kmip_credential.id': unused.id,
      'update_instance.If-Match': '*',
      'update_instance.body': { credential_policy: 'ignore' },
    };
  }

  async function keys(): Promise<Values> {
    const client = await service.kmip();
    const kept = await createKey(client);
    // Never activated, so that it may be destroyed.
    const destroyed = await createKey(client);
    const revoked = await createKey(client);
    await client.close();
    const nameOf = async (id: string): Promise<string> => (await api.ok<{ name: string }>('GET', `/keys/${id}`)).name;
    return {
      'get_instance_key.id': kept,
      'update_instance_key.id': kept,
      'update_instance_key.body': { suspended: true },
      'delete_instance_key.id': destroyed,
      'delete_instance_key.expected_name': await nameOf(destroyed),
      'revoke_instance_key.id': revoked,
      'revoke_instance_key.expected_name': await nameOf(revoked),
      'revoke_instance_key.body': { reason: 'superseded' },
    };
  }

  /** Plans of keys that nobody else touches meanwhile: one for each thing that can be done with a plan. */
  async function shredPlans(): Promise<Values> {
    const resource = { serviceName: 'kmip-for-vmware', serviceInstance: api.instanceId };
    await service.localCloud('POST', '/policies', { iamId: 'IBMid-DEMOEDITOR', roles: ['Manager'], resource });
    const other = new TenantApi(service, await service.token('editor'), api.instanceId);
    const client = await service.kmip();
    const plan = async (by: TenantApi): Promise<{ readonly id: string; readonly hash: string }> =>
      by.ok('POST', '/shred_plans', { scope: 'keys', key_ids: [await createKey(client)] });
    const [executed, done, confirmed, removed] = [await plan(api), await plan(api), await plan(other), await plan(api)];
    await client.close();
    await api.ok('POST', `/shred_plans/${done.id}/execute?confirm=${done.hash}`);
    const acts = { execute: executed, confirm: confirmed, delete: removed };
    return {
      'create_instance_shred_plan.body': { scope: 'instance' },
      'get_instance_shred_plan.id': done.id,
      'list_instance_shred_plan_keys.id': done.id,
      'get_instance_shred_plan_record.id': done.id,
      ...Object.fromEntries(
        Object.entries(acts).flatMap(([verb, { id, hash }]) => [
          [`${verb}_instance_shred_plan.id`, id],
          [`${verb}_instance_shred_plan.confirm`, hash],
        ]),
      ),
    };
  }

  /**
   * An inventory that has no key, and keys that nobody fetches meanwhile: of an instance of its own, since the certificates
   * that the checker adds end an inventory.
   */
  async function reclaim(): Promise<Values> {
    const { bound: quiet } = await boundInstance();
    const certificate = await issueClientCertificate('self-signed', { commonName: 'quiet', validDays: 1 });
    await quiet.ok('POST', '/client_certificates', { name: 'quiet', certificate: certificate.certificatePem });
    const client = await service.kmipAs(certificate.certificatePem, certificate.privateKeyPem.exposeText());
    const [put, kept, released] = [await createKey(client), await createKey(client), await createKey(client)];
    await client.close();
    const inventory = { taken_at: new Date().toISOString(), source: 'PowerCLI', key_ids: [] };
    const body = { ...inventory, covered_certificates: await quiet.clientCertificates() };
    await quiet.ok('PUT', '/inventory', body);
    for (const id of [kept, released]) await quiet.ok('POST', '/quarantined_keys', { id });
    const about = ['get_instance_inventory', 'set_instance_inventory', 'list_instance_reclaim_candidates'].concat(
      ['list_instance_quarantined_keys', 'create_instance_quarantined_key'],
      ['get_instance_quarantined_key', 'delete_instance_quarantined_key'],
    );
    return {
      ...Object.fromEntries(about.map((operation) => [`${operation}.instance_id`, quiet.instanceId])),
      'set_instance_inventory.body': body,
      'create_instance_quarantined_key.body': { id: put },
      'get_instance_quarantined_key.id': kept,
      'delete_instance_quarantined_key.id': released,
    };
  }

  async function diagnosis(): Promise<Values> {
    const stranger = await issueClientCertificate('self-signed', { commonName: 'stranger', validDays: 1 });
    const claim = await made('/certificate_claims', { kind: 'fingerprint', value: stranger.certificatePem });
    const peer = await RawPeer.tls(service.connection.kmip.ports[0] ?? 0, stranger);
    await answer(peer.send(encodeRequestMessage(vcenter.probe())));
    peer.destroy();
    let attempt: { readonly id: string } | undefined;
    await until('the attempt is shown', WITHIN_MS, async () => {
      const page = await api.ok<{ connection_attempts: { id: string }[] }>('GET', '/connection_attempts');
      attempt = page.connection_attempts[0];
      return attempt !== undefined;
    });
    return {
      'get_instance_connection_attempt.id': attempt?.id,
      'get_instance_certificate_claim.id': claim,
      'delete_instance_certificate_claim.id': await made('/certificate_claims', { kind: 'subject', value: 'CN=gone' }),
      'create_instance_certificate_claim.body': { kind: 'subject', value: 'CN=vcenter-09' },
    };
  }

  async function boundInstance() {
    const { keyManager, rootKey: demo } = service.connection;
    const bound = await emptyInstance(service);
    const resource = { serviceName: 'kms', serviceInstance: keyManager.instanceId };
    const apiKey = await newApiKey(service, resource, ['Viewer', 'Manager']);
    await bound.ok('PUT', '/credential', { api_key: apiKey });
    const wish = { crn: `${keyManager.crn.replace(/:+$/, '')}:key:${demo.id}`, endpoint_visibility: 'public' };
    await bound.ok('PUT', '/root_key', wish);
    return { bound, apiKey, wish };
  }

  /** Root key and credential are taken away in the end, so they are those of an instance without keys. */
  async function rootKey(): Promise<Values> {
    const { keyManager } = service.connection;
    const { bound: empty, apiKey, wish } = await boundInstance();
    const about = [
      'get_instance_root_key',
      'set_instance_root_key',
      'unset_instance_root_key',
      'check_instance_root_key',
    ]
      .concat('list_instance_key_managers', 'list_instance_key_manager_root_keys')
      .concat('get_instance_credential', 'set_instance_credential', 'unset_instance_credential');
    return {
      ...Object.fromEntries(about.map((operation) => [`${operation}.instance_id`, empty.instanceId])),
      'set_instance_root_key.body': wish,
      'check_instance_root_key.body': wish,
      'set_instance_credential.body': { api_key: apiKey },
      key_manager_id: keyManager.instanceId,
    };
  }

  /** A root key that was replaced, of an instance of its own: what was begun under it may be needed for minutes. */
  async function formerRootKey(): Promise<Values> {
    const { keyManager, rootKey: demo } = service.connection;
    const roles = ['Viewer', 'Manager'];
    const account = { id: accountOf(service) };
    const { instance, rootKey, serviceId, apiKey } = await service.localCloud<Seed>('POST', '/seed', {
      account,
      roles,
    });
    const resource = { serviceName: 'kms', serviceInstance: keyManager.instanceId };
    await service.localCloud('POST', '/policies', { iamId: serviceId.iamId, roles, resource });
    const rebound = await emptyInstance(service);
    await rebound.ok('PUT', '/credential', { api_key: apiKey.apikey });
    const crns = [
      [keyManager.crn, demo.id],
      [instance.crn, rootKey.id],
    ].map(([crn = '', id = '']) => `${crn.replace(/:+$/, '')}:key:${id}`);
    for (const crn of crns) {
      const { etag } = await rebound.call('GET', '/root_key');
      const headers = etag === undefined ? {} : { 'if-match': etag };
      const answer = await rebound.call('PUT', '/root_key', { crn, endpoint_visibility: 'public' }, { headers });
      if (answer.status >= 300) throw new Error(answer.text);
    }
    const page = await rebound.ok<{ former_root_keys: { id: string }[] }>('GET', '/former_root_keys');
    const about = ['get', 'update', 'retry', 'roll_back'].map((verb) => `${verb}_instance_former_root_key`);
    return Object.fromEntries(
      about.flatMap((operation) => [
        [`${operation}.instance_id`, rebound.instanceId],
        [`${operation}.id`, page.former_root_keys[0]?.id],
      ]),
    );
  }

  /** Of instances where nothing happens, one to lose its webhook; nobody knows the name, so that nothing is sent. */
  async function webhook(): Promise<Values> {
    const body = { url: 'https://hooks.example.com/kmip', vm_names: false };
    const [kept, removed] = [await emptyInstance(service), await emptyInstance(service)];
    for (const quiet of [kept, removed]) await quiet.ok('PUT', '/webhook', body);
    const about = ['get', 'set', 'test'].map((verb) => `${verb}_instance_webhook.instance_id`);
    return {
      ...Object.fromEntries(about.map((name) => [name, kept.instanceId])),
      'unset_instance_webhook.instance_id': removed.instanceId,
      'set_instance_webhook.body': body,
    };
  }

  async function values(): Promise<Values> {
    const usage = await api.ok<{ usage_records: { id: string }[] }>('GET', '/usage_records');
    return {
      ...(await keys()),
      ...(await shredPlans()),
      ...(await reclaim()),
      ...(await certificates()),
      ...(await kmipCredentials()),
      ...(await diagnosis()),
      ...(await rootKey()),
      ...(await webhook()),
      ...(await formerRootKey()),
      instance_id: api.instanceId,
      id: api.instanceId,
      'get_instance_audit_event.id': '000000000001',
      'get_instance_usage_record.id': usage.usage_records[0]?.id,
    };
  }

  it('has no fault in any operation, well asked or badly', async () => {
    const file = join(folder, 'values.json');
    await writeFile(file, JSON.stringify(await values()));
    const command = [CHECKER, DOCUMENT, service.connection.management.url, '--token', token, '--values', file];
    const report = await new Promise<string>((resolve) => {
      // Its exit status only repeats the last line.
      execFile(process.execPath, command, (_error, stdout, stderr) => {
        resolve(stdout + stderr);
      });
    });
    const lines = report.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^\d{2} operations, \d{3,} requests, 0 kinds of fault$/);
  });
});
