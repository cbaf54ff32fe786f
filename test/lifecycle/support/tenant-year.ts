import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type KmipClient, productAttributes, virtualMachineAttributes } from '@lib/kmip-client';
import { issueClientCertificate, type IssuedCertificate } from '@lib/pki';

import { iamIdOf } from '../../../apps/launcher/src/demo-users';
import { openDatabase } from '../../e2e/support/database';
import { createKey, fetchKey, first, vcenter } from '../../e2e/support/keys';
import { RunningService } from '../../e2e/support/running-service';
import { addKeyManager, allowCertificate, type KeyManagerKind, type Seed } from '../../e2e/support/second-tenant';
import { accountOf, emptyInstance, TenantApi } from '../../e2e/support/tenant-api';

const run = promisify(execFile);
const DAY_S = 86_400;
/** In the folder of the database. */
const CLUSTER = 'cluster';
const WAL = join(CLUSTER, 'pg_wal');
/** Longer than the year: no date of the key manager lies in the future of the product. */
const BEGINS_DAYS_AGO = 400;
const ROLES = ['Viewer', 'Manager'];
/** Leftovers and moves are looked at sooner than by default, since nobody waits for a night here. */
const ENVIRONMENT = { RECONCILE_INTENTS_AFTER_MS: '1000', RECONCILE_EVERY_MS: '200' };

/** Where the tenant API tells of trouble. */
export const REPORTS = {
  /** The instance: its health, and a restore. */
  instance: '',
  formerRootKeys: '/former_root_keys',
  keys: '/keys?limit=100',
  /** Which keys cannot be served, and why. */
  unservable: '/keys?servable=false&limit=100',
  shredPlans: '/shred_plans',
} as const;
/** `versions`: whether a key lies under a version from before a rotation still, by what the API says of each. */
export type Report = keyof typeof REPORTS | 'versions';

type Answer = Awaited<ReturnType<typeof fetchKey>>;

interface Custody {
  readonly stored_key_id: string;
  readonly root_key_id: string;
  readonly root_key_version: string;
}

/** A tenant, its vCenter, its key managers and its administrator, with the product as `npm start` runs it. */
export class TenantYear {
  /** Every key that a vCenter was given, with its bytes. */
  readonly keys = new Map<string, string>();
  /** Keys that are gone for good, with the words in which they are refused. */
  readonly gone = new Map<string, RegExp>();
  /** The key manager that was bound before. */
  former: Seed;
  /** Versions of root keys from before they were rotated. */
  readonly #older = new Set<string>();
  /** Key managers, the former ones included. */
  readonly #houses = new Set<string>();
  #keysMade = 0;

  private constructor(
    public service: RunningService,
    public api: TenantApi,
    private identity: IssuedCertificate,
    /** The key manager that is bound. */
    public home: Seed,
  ) {
    this.former = home;
  }

  static async begin(): Promise<TenantYear> {
    const service = await RunningService.start({ environment: ENVIRONMENT });
    await service.localCloud('POST', '/clock', { advanceSeconds: -BEGINS_DAYS_AGO * DAY_S });
    const account = { id: accountOf(service) };
    const home = await service.localCloud<Seed>('POST', '/seed', { account, roles: ROLES });
    const year = new TenantYear(service, await emptyInstance(service), await newIdentity(), home);
    await year.#administer(home);
    await year.settle();
    return year;
  }

  async end(): Promise<void> {
    await this.service.remove();
  }

  /** What an instance needs before a vCenter can use it: API key, root key, certificate. */
  async settle(): Promise<void> {
    await this.replaceApiKey(this.home.apiKey.apikey);
    await this.bind(this.home);
    await allowCertificate(this.service, this.api.instanceId, 'vcenter', this.identity.certificatePem);
  }

  // ---- time

  async pass(days: number): Promise<void> {
    await this.service.localCloud('POST', '/clock', { advanceSeconds: days * DAY_S });
  }

  // ---- vCenter

  connect(endpoint: number): Promise<KmipClient> {
    return this.service.kmipAs(this.identity.certificatePem, this.identity.privateKeyPem.exposeText(), endpoint);
  }

  /** Keys for VMs, by the whole dialogue: each created on one endpoint, and used on the other. */
  async encryptVms(count: number): Promise<readonly string[]> {
    const clients = [await this.connect(0), await this.connect(1)] as const;
    const made: string[] = [];
    for (let number = 0; number < count; number += 1) {
      const [creator, user] = number % 2 === 0 ? clients : [clients[1], clients[0]];
      const id = await createKey(creator);
      await creator.send(vcenter.addAttributes(id, productAttributes));
      const answer = await fetchKey(user, id);
      if (!('hex' in answer)) throw new Error(`a new key is refused: ${answer.message}`);
      await first(user, vcenter.activate(id));
      this.#keysMade += 1;
      await user.send(vcenter.addAttributes(id, virtualMachineAttributes(id, `vm-${this.#keysMade}`)));
      this.keys.set(id, answer.hex);
      made.push(id);
    }
    await Promise.all(clients.map((client) => client.close()));
    return made;
  }

  /**
   * Asks both endpoints for each key. @returns what is not as it has to be: `refused` keys refused in these words, those
   * that are gone in theirs, and all others served with their bytes
   */
  async wrong(refused: readonly string[] = [], words = /./): Promise<string[]> {
    const answers = [await this.#answers(0), await this.#answers(1)];
    return answers.flatMap((answered, endpoint) =>
      [...answered].flatMap(([id, answer]) => {
        const expected = refused.includes(id) ? words : (this.gone.get(id) ?? this.keys.get(id) ?? '');
        if (isAsExpected(answer, expected)) return [];
        return [`${id} on endpoint ${endpoint + 1}: ${'hex' in answer ? 'served' : answer.message}`];
      }),
    );
  }

  async #answers(endpoint: number): Promise<ReadonlyMap<string, Answer>> {
    const answers = new Map<string, Answer>();
    let client = await this.connect(endpoint);
    for (const id of this.all) {
      const answer = await fetchKey(client, id).catch(async () => {
        // Closed after an answer, as for a stranger.
        client = await this.connect(endpoint);
        return await fetchKey(client, id);
      });
      answers.set(id, answer);
    }
    await client.close();
    return answers;
  }

  get all(): readonly string[] {
    return [...this.keys.keys()];
  }

  get living(): readonly string[] {
    return this.all.filter((id) => !this.gone.has(id));
  }

  // ---- the tenant API

  async report(report: Report): Promise<string> {
    if (report === 'versions')
      return (await this.#versions()).some((version) => this.#older.has(version)) ? 'old' : 'new';
    return JSON.stringify(await this.api.ok('GET', REPORTS[report]));
  }

  /** Of root keys, under which living keys lie. */
  async #versions(): Promise<readonly string[]> {
    const custodies = await Promise.all(this.living.map((id) => this.custodyOf(id)));
    return custodies.map(({ root_key_version: version }) => version);
  }

  async replaceApiKey(apikey: string): Promise<void> {
    await this.#put('/credential', { api_key: apikey });
  }

  async bind(seed: Seed): Promise<void> {
    await this.#put('/root_key', { crn: seed.rootKey.crn, endpoint_visibility: 'public' });
    this.former = this.home;
    this.home = seed;
  }

  async #put(path: string, body: object): Promise<void> {
    const { etag } = await this.api.call('GET', path);
    const answer = await this.api.call('PUT', path, body, { headers: etag === undefined ? {} : { 'if-match': etag } });
    if (answer.status >= 300) throw new Error(`PUT ${path}: ${answer.status} ${answer.text}`);
  }

  /** Where a key lies in the key manager. */
  async custodyOf(id: string): Promise<Custody> {
    return (await this.api.ok<{ custody: Custody }>('GET', `/keys/${id}`)).custody;
  }

  async suspend(id: string, suspended: boolean): Promise<void> {
    const { etag = '' } = await this.api.call('GET', `/keys/${id}`);
    const answer = await this.api.call('PATCH', `/keys/${id}`, { suspended }, { headers: { 'if-match': etag } });
    if (answer.status >= 300) throw new Error(`PATCH of a key: ${answer.status} ${answer.text}`);
  }

  /** @returns the id of the plan, which is carried out */
  async shred(id: string): Promise<string> {
    const body = { scope: 'keys', key_ids: [id] };
    const plan = await this.api.ok<{ id: string; hash: string }>('POST', '/shred_plans', body);
    await this.api.ok('POST', `/shred_plans/${plan.id}/execute?confirm=${plan.hash}`);
    return plan.id;
  }

  /** Binds another root key and stops the move on its way. @returns the keys that are left under the former one */
  async moveHalfway(next: Seed): Promise<readonly string[]> {
    const far = {
      match: { instance: next.instance.id, operations: ['secrets.create'] },
      effect: { kind: 'delay', milliseconds: 1_000 },
    };
    await this.service.localCloud('POST', '/faults', far);
    await this.bind(next);
    await this.pauseMoves(true);
    await this.service.localCloud('DELETE', '/faults');
    const keys = await Promise.all(this.living.map(async (id) => ({ id, ...(await this.custodyOf(id)) })));
    const left = keys.filter(({ root_key_id: rootKeyId }) => rootKeyId === this.former.rootKey.id).map(({ id }) => id);
    if (left.length === 0) throw new Error('the move was over before it was stopped');
    return left;
  }

  async pauseMoves(paused: boolean): Promise<void> {
    const { former_root_keys: former } = await this.api.ok<{ former_root_keys: { id: string }[] }>(
      'GET',
      '/former_root_keys',
    );
    for (const { id } of former) await this.api.ok('PATCH', `/former_root_keys/${id}`, { paused });
  }

  // ---- IBM Cloud

  /** Another key manager, which the same service ID may use. */
  async order(kind: KeyManagerKind): Promise<Seed> {
    const seed = await addKeyManager(this.service, this.home, ROLES, kind);
    await this.#administer(seed);
    return seed;
  }

  async rotateRootKey(): Promise<void> {
    for (const version of await this.#versions()) this.#older.add(version);
    await this.console('POST', `/keys/${this.home.rootKey.id}/actions/rotate`);
  }

  /** In the console of a key manager, as its administrator. */
  async console(method: string, path: string, { instance } = this.home): Promise<void> {
    const response = await fetch(`${instance.endpoints.public}/api/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.service.token('manager')}`,
        'bluemix-instance': instance.id,
      },
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }

  /** The role of the product's service ID, in place of the one it has. */
  async allowOnly(roles: readonly string[]): Promise<void> {
    const { iamId } = this.home.serviceId;
    const resource = { serviceInstance: this.home.instance.id };
    for (const { id } of await this.service.localCloud<{ id: string }[]>('GET', `/policies?iamId=${iamId}`)) {
      await this.service.localCloud('DELETE', `/policies/${id}`);
    }
    await this.service.localCloud('POST', '/policies', { iamId, roles, resource });
  }

  mendRole(): Promise<void> {
    return this.allowOnly(ROLES);
  }

  /** Another API key of the same service ID; the former one is deleted once the new one is set. */
  async rotateApiKey(): Promise<void> {
    const { iamId } = this.home.serviceId;
    const former = this.home.apiKey;
    const apiKey = await this.service.localCloud<{ id: string; apikey: string }>('POST', '/api-keys', { iamId });
    await this.replaceApiKey(apiKey.apikey);
    await this.service.localCloud('DELETE', `/api-keys/${former.id}`);
    this.home = { ...this.home, apiKey };
  }

  /** Names of the live stored keys in every key manager there was, but for what a check before a binding may leave. */
  async storedKeys(): Promise<readonly string[]> {
    const of = async (id: string): Promise<readonly string[]> =>
      (await this.service.localCloud<{ name: string; state: number }[]>('GET', `/instances/${id}/keys`))
        .filter(({ name, state }) => name.startsWith('vmware_kmip_') && state === 1)
        .map(({ name }) => name);
    return (await Promise.all([...this.#houses].map(of))).flat().sort();
  }

  async #administer({ instance }: Seed): Promise<void> {
    const resource = { serviceInstance: instance.id };
    this.#houses.add(instance.id);
    await this.service.localCloud('POST', '/policies', { iamId: iamIdOf('Manager'), roles: ['Manager'], resource });
  }

  // ---- the operator

  /** While the product runs, as PostgreSQL has it for copies of the file system ("Making a Base Backup Using the Low Level API"). */
  async backUp(): Promise<void> {
    const { database, backup } = this.#folders;
    const administrator = await openDatabase(this.service);
    try {
      await administrator.query(`SELECT pg_backup_start('year', true)`);
      await copy(database, backup);
      const { rows } = await administrator.query<{ label: string }>(
        'SELECT labelfile AS label FROM pg_backup_stop(false)',
      );
      await copy(`${join(database, WAL)}/.`, join(backup, WAL));
      const label = join(backup, CLUSTER, 'backup_label');
      // It has to be the database's, like all the others.
      await copy(join(backup, CLUSTER, 'PG_VERSION'), label);
      await writeFile(label, rows[0]?.label ?? '');
      await rm(join(backup, CLUSTER, 'postmaster.pid'));
    } finally {
      await administrator.end();
    }
  }

  async restore(): Promise<void> {
    const { database, backup } = this.#folders;
    const { dataFolder } = this.service;
    await this.service.stop();
    await rm(database, { recursive: true });
    await copy(backup, database);
    this.service = await RunningService.start({ dataFolder, environment: ENVIRONMENT });
    this.api = new TenantApi(this.service, await this.service.token('manager'), this.api.instanceId);
  }

  get #folders(): { readonly database: string; readonly backup: string } {
    const { dataFolder } = this.service;
    return { database: join(dataFolder, 'postgres'), backup: join(dataFolder, 'backup') };
  }

  /** By mistake, with its keys left where they are. @returns its id */
  async removeInstance(): Promise<string> {
    const { instanceId } = this.api;
    const { name } = await this.api.ok<{ name: string }>('GET', '');
    await this.service.admin('instance', 'disable', '--instance', instanceId);
    await this.service.admin('instance', 'remove', '--instance', instanceId, '--confirm', name);
    return instanceId;
  }

  /** Ordered anew after the instance is gone: another id, with the same key manager and a certificate of its own. */
  async orderAgain(): Promise<void> {
    this.api = await emptyInstance(this.service);
    this.identity = await newIdentity();
    await this.settle();
  }
}

function isAsExpected(answer: Answer, expected: string | RegExp): boolean {
  if ('hex' in answer) return answer.hex === expected;
  return expected instanceof RegExp && expected.test(answer.message);
}

/** With modes and owners, which the database insists on. A file may go while a database that runs is copied. */
async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]).catch((error: unknown) => {
    const { stderr } = error as { stderr: string };
    const faults = stderr.split('\n').filter((line) => line !== '' && !line.endsWith('No such file or directory'));
    if (faults.length > 0) throw new Error(stderr);
  });
}

const newIdentity = (): Promise<IssuedCertificate> =>
  issueClientCertificate('self-signed', { commonName: 'kmipClient-year', validDays: 800 });
