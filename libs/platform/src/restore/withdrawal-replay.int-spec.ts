import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type AuditAction, type AuditEvent } from '@lib/audit';
import { ensureServiceKeyFile } from '@lib/config';
import { type CertificateFingerprint, type InstanceId, newCorrelationId, Secret } from '@lib/kernel';
import { type CommonFields, type ManagedObject } from '@lib/kmip-engine';
import { createLogger, type Logger } from '@lib/observability';
import { type DatabaseRole, PostgresObjectStores, PostgresRegionDirectory } from '@lib/persistence';
import { issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  birthplaceOf,
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  KmipCredentialService,
  registrantsOf,
  RootKeyBindingService,
} from '@lib/tenancy';
import {
  aManagedObject,
  anAuditEvent,
  propertyRuns,
  putObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';

import { socketUrl } from '../database/database-connection';
import { ProcessModule } from '../modules/process.module';
import { regionModules } from '../modules/region-modules';
import { WITHDRAWAL_KINDS, type WithdrawalKind } from './access-effects';
import { RestoreWatch } from './restore-watch';

jest.setTimeout(120_000);

const STEPS = 24;
const context = (): ActionContext => ({
  initiator: { kind: 'user', iamId: 'IBMid-1' },
  correlationId: newCorrelationId(),
  observer: 'test',
});

/** mulberry32: the same steps for the same seed. */
function stream(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** What a process has of its region, on a database of its own. */
interface Region {
  readonly instances: InstanceService;
  readonly certificates: ClientCertificateService;
  readonly proofs: CertificateProofService;
  readonly kmipCredentials: KmipCredentialService;
  readonly rootKeys: RootKeyBindingService;
  readonly directory: PostgresRegionDirectory;
  readonly objectStores: PostgresObjectStores;
  readonly restore: RestoreWatch;
  close(): Promise<void>;
}

const LATER = new Date('2100-01-01');
const KEY_MANAGER = 'crn:v1:bluemix:public:kms:eu-de:a/acc:7f0e6c42-5f0e-4e0e-9d5c-5a2e2b6f3a01::';

/** What two instances of one owner are changed by, at random. */
class Tenants {
  region!: Region;
  one!: InstanceId;
  other!: InstanceId;
  shared!: CertificateFingerprint;
  readonly keys: ManagedObject[] = [];

  constructor(private readonly pems: readonly string[]) {}

  /** Keys are made in `database`, by more than the region's login may. */
  async make(database: TestDatabase): Promise<void> {
    const { instances } = this.region;
    const create = async (): Promise<InstanceId> => {
      const crn = `crn:v1:bluemix:public:kmip:eu-de:a/acc:${randomUUID()}::`;
      return (await instances.create({ crn, name: 'kmip-01' }, context())).id;
    };
    [this.one, this.other] = [await create(), await create()];
    const pem = this.pems[0]!;
    for (const id of [this.one, this.other]) {
      this.shared = (await this.region.certificates.add(id, { name: 'shared', pem }, context())).fingerprint;
    }
    const store = new PostgresObjectStores(await database.openDataSource()).forInstance(this.one);
    for (let count = 0; count < 4; count += 1) {
      const key = aManagedObject({ state: 'Active', activationDate: new Date('2026-01-01T00:00:00.000Z') });
      this.keys.push(await putObject(store, this.one, key));
    }
  }

  /** Each takes something away or gives it back. */
  steps(pick: (below: number) => number): readonly (() => Promise<unknown>)[] {
    const { instances, kmipCredentials, rootKeys } = this.region;
    const key = this.keys[pick(this.keys.length)]!;
    const mutate = (action: AuditAction, change: Partial<CommonFields>, event: Partial<AuditEvent> = {}) =>
      this.change(key, action, change, event);
    return [
      () => this.toggleCertificate(1 + pick(this.pems.length - 1)),
      () => this.toggleCertificate(1 + pick(this.pems.length - 1)),
      async () => instances.setEnabled(this.one, !(await instances.get(this.one)).enabled, 'a reason', context()),
      () => instances.setOptions(this.one, { credentialPolicy: pick(2) === 0 ? 'enforce' : 'ignore' }, context()),
      () => instances.setOptions(this.one, { secondPersonToDestroy: pick(2) === 0 }, context()),
      () => kmipCredentials.issue(this.one, context()),
      async () => {
        const [oldest] = await kmipCredentials.list(this.one);
        if (oldest !== undefined) await kmipCredentials.remove(this.one, oldest.id, context(), 'kmip-01');
      },
      () => rootKeys.setCredential(this.one, { apiKey: Secret.fromText('s3cret') }, context()),
      () => rootKeys.unsetCredential(this.one, context(), { confirm: 'kmip-01' }),
      () => this.bind(`crk-${pick(2)}`),
      () => rootKeys.dropRetired(this.one, { retiredBefore: LATER, creationsBefore: LATER }, context()),
      () => this.proveAt(pick(2) === 0 ? this.one : this.other),
      () => mutate('vmware-solutions.kmip-key.suspend', { suspended: true }),
      () => mutate('vmware-solutions.kmip-key.resume', { suspended: false }),
      () => mutate('vmware-solutions.kmip-key.revoke', { state: 'Deactivated' }),
      () => mutate('vmware-solutions.kmip-key.reactivate', { state: 'Active', suspended: false }),
      () => mutate('vmware-solutions.kmip-key.revoke', { state: 'Compromised' }),
      () =>
        mutate(
          'vmware-solutions.kmip-key.destroy',
          { destroyRequestedAt: new Date() },
          { details: { step: 'requested' } },
        ),
      () => {
        const details = { step: 'destruction withdrawn' };
        return this.change(key, 'vmware-solutions.kmip-key.reconcile', undefined, { details, outcome: 'failure' });
      },
    ];
  }

  /** All that is open to somebody, one word each. */
  async open(region: Region): Promise<readonly string[]> {
    const { instances, certificates, kmipCredentials, rootKeys, directory, objectStores } = region;
    const { enabled, credentialPolicy, secondPersonToDestroy } = await instances.get(this.one);
    const birthplace = birthplaceOf(await registrantsOf(directory, this.shared), {}, new Date());
    const open = [
      enabled && 'instance',
      credentialPolicy === 'ignore' && 'without a password',
      !secondPersonToDestroy && 'destroyed by one person',
      'instance' in birthplace && `births in ${birthplace.instance.instanceId}`,
      (await isThere(() => rootKeys.getCredential(this.one))) && 'credential',
      ...(await certificates.list(this.one)).map(({ fingerprint }) => `certificate ${fingerprint}`),
      ...(await kmipCredentials.list(this.one)).map(({ id }) => `password ${id}`),
    ];
    for (const { uniqueIdentifier: id } of this.keys) {
      const object = (await objectStores.forInstance(this.one).find(id))!;
      open.push(
        !object.suspended && `${id} not suspended`,
        object.destroyRequestedAt === undefined && `${id} not ordered to be destroyed`,
        object.state !== 'Compromised' && `${id} not compromised`,
        object.state === 'Active' && `${id} active`,
      );
    }
    return open.filter((word) => word !== false).toSorted();
  }

  async proveAt(id: InstanceId): Promise<void> {
    const { certificates, proofs } = this.region;
    const found = (await certificates.list(id)).find(({ fingerprint }) => fingerprint === this.shared);
    await proofs.takeOver(id, found!.id, context());
  }

  /** With an API key of its own; the root key of before keeps the other one. */
  async bind(rootKeyId: string): Promise<void> {
    const credential = { apiKey: Secret.fromText('s3cret'), reaches: new Set<string>() };
    await this.region.rootKeys.set(this.one, { keyManagerCrn: KEY_MANAGER, rootKeyId }, context(), { credential });
  }

  async toggleCertificate(index: number): Promise<void> {
    const { certificates } = this.region;
    const name = `vcenter-${index}`;
    const found = (await certificates.list(this.one)).find((each) => each.name === name);
    if (found !== undefined) await certificates.remove(this.one, found.id, context());
    else await certificates.add(this.one, { name, pem: this.pems[index]! }, context());
  }

  async change(
    { uniqueIdentifier: id }: ManagedObject,
    action: AuditAction,
    change: Partial<CommonFields> | undefined,
    event: Partial<AuditEvent>,
  ): Promise<void> {
    await this.region.objectStores.forInstance(this.one).mutate(id, ({ destroyRequestedAt, ...current }) => {
      const kept =
        change === undefined || destroyRequestedAt === undefined ? current : { ...current, destroyRequestedAt };
      const object = { ...kept, ...change };
      const details = { state: object.state, suspended: object.suspended };
      const audit = anAuditEvent(this.one, { action, target: { kind: 'key', id }, details, ...event });
      return { object, audit, result: undefined };
    });
  }
}

function recordingLogger(said: { level: string; fields: object }[]): Logger {
  const at = (level: string) => (fields: object) => void said.push({ level, fields });
  const silent = createLogger({ level: 'silent', name: 'test' });
  return Object.assign(Object.create(silent) as Logger, { warn: at('warn'), error: at('error') });
}

async function isThere(look: () => Promise<unknown>): Promise<boolean> {
  return look().then(
    () => true,
    () => false,
  );
}

describe('after a restore', () => {
  const { numRuns, seed } = propertyRuns(3);
  const pems: string[] = [];
  let folder: string;
  const databases: TestDatabase[] = [];
  const regions: Region[] = [];

  beforeAll(async () => {
    for (let count = 0; count < 3; count += 1) {
      const request = { commonName: 'vcenter', validDays: 90, keyKind: 'ec-p256' } as const;
      pems.push((await issueClientCertificate('self-signed', request)).certificatePem);
    }
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
    await ensureServiceKeyFile(join(folder, 'service-key'));
  });
  afterEach(async () => {
    for (const each of regions.splice(0)) await each.close();
    for (const each of databases.splice(0).toReversed()) await each.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function openRegion(
    { connection }: TestDatabase,
    role: DatabaseRole = 'api',
    logger: Logger = createLogger({ level: 'silent', name: 'test' }),
  ): Promise<Region> {
    const settings = {
      databaseUrl: Secret.fromText(socketUrl(connection)),
      databasePoolSize: 2,
      serviceKeyFile: join(folder, 'service-key'),
      keyProtectEndpoints: undefined,
      hpcsEndpoints: undefined,
      region: 'eu-de',
    };
    const modules = regionModules(settings, { applicationName: 'test', role });
    const imports = [ProcessModule.forRoot({ logger }), ...modules];
    const context = await (await Test.createTestingModule({ imports }).compile()).init();
    const region = {
      instances: context.get(InstanceService),
      certificates: context.get(ClientCertificateService),
      proofs: context.get(CertificateProofService),
      kmipCredentials: context.get(KmipCredentialService),
      rootKeys: context.get(RootKeyBindingService),
      directory: context.get(PostgresRegionDirectory),
      objectStores: context.get(PostgresObjectStores),
      restore: context.get(RestoreWatch),
      close: () => context.close(),
    };
    regions.push(region);
    return region;
  }

  async function databaseFrom(source?: TestDatabase): Promise<TestDatabase> {
    const database = await startTestPostgres(source === undefined ? {} : { from: source.connection.database });
    databases.push(database);
    return database;
  }

  it.each(Array.from({ length: numRuns }, (_, run) => seed + run))(
    'nothing is open that was closed and not opened again (seed %d)',
    async (each) => {
      const pick = stream(each);
      const database = await databaseFrom();
      const tenants = new Tenants(pems);
      tenants.region = await openRegion(database);
      await tenants.make(database);
      const backedUpAt = pick(STEPS);
      let backup: TestDatabase | undefined;
      for (let step = 0; step < STEPS; step += 1) {
        if (step === backedUpAt) {
          await regions.pop()!.close();
          backup = await databaseFrom(database);
          tenants.region = await openRegion(database);
        }
        const possible = tenants.steps(pick);
        // What is refused (a third password, a credential that is not there) changes nothing.
        await isThere(possible[pick(possible.length)]!);
      }
      const atTheEnd = new Set(await tenants.open(tenants.region));
      await tenants.region.restore.round();
      const restored = await openRegion(backup!);
      const open = await tenants.open(restored);
      expect(open.filter((word) => !atTheEnd.has(word))).toStrictEqual([]);
      await restored.restore.round();
      expect(await tenants.open(restored)).toStrictEqual(open);
    },
  );

  it('the API key in force stays where one of a former root key was erased', async () => {
    const database = await databaseFrom();
    const tenants = new Tenants(pems);
    tenants.region = await openRegion(database);
    await tenants.make(database);
    const { one } = tenants;
    await tenants.bind('crk-1');
    await tenants.bind('crk-2');
    await regions.pop()!.close();
    const backup = await databaseFrom(database);

    const region = await openRegion(database);
    const quiet = { retiredBefore: LATER, creationsBefore: LATER };
    expect(await region.rootKeys.dropRetired(one, quiet, context())).toBe(1);
    await region.restore.round();

    const restored = await openRegion(backup);
    expect(await restored.rootKeys.getCredential(one)).toBeDefined();
    // As yesterday: the root key is a former one again, with its API key, until no key lies there.
    expect((await restored.rootKeys.formerCredentials(one)).size).toBe(1);
    expect(await restored.rootKeys.dropRetired(one, quiet, context())).toBe(1);
    expect((await restored.rootKeys.formerCredentials(one)).size).toBe(0);
  });

  it('a certificate that was removed and added again stays, and what was removed for good is gone', async () => {
    const database = await databaseFrom();
    const tenants = new Tenants(pems);
    tenants.region = await openRegion(database);
    await tenants.make(database);
    const { one, other } = tenants;
    const named = { name: 'vcenter-1', pem: pems[1]! };
    const { id } = await tenants.region.certificates.add(one, named, context());
    const password = await tenants.region.kmipCredentials.issue(one, context());
    await regions.pop()!.close();
    const backup = await databaseFrom(database);

    const region = await openRegion(database);
    await region.certificates.remove(one, id, context());
    await region.certificates.add(one, named, context());
    await region.kmipCredentials.remove(one, password.id, context(), 'kmip-01');
    await region.instances.remove(other, context());
    const store = region.objectStores.forInstance(one);
    const [destroyed] = tenants.keys;
    await store.mutate(destroyed!.uniqueIdentifier, ({ custody, ...object }) => ({
      object: { ...object, state: 'Destroyed', destroyDate: new Date() },
      audit: anAuditEvent(one, {
        action: 'vmware-solutions.kmip-key.reconcile',
        target: { kind: 'key', id: object.uniqueIdentifier },
        details: { step: 'destruction completed' },
      }),
      result: custody,
    }));
    await region.restore.round();

    const restored = await openRegion(backup);
    expect((await restored.certificates.list(one)).map(({ name }) => name)).toContain('vcenter-1');
    expect(await restored.kmipCredentials.list(one)).toStrictEqual([]);
    expect(await restored.instances.get(other)).toMatchObject({ enabled: false });
    expect(await restored.objectStores.forInstance(one).find(destroyed!.uniqueIdentifier)).toMatchObject({
      state: 'Active',
      destroyRequestedAt: expect.any(Date) as Date,
    });
    const state = await restored.restore.state();
    expect(state?.withdrawals.map(({ kind, outcome }) => `${kind} ${outcome}`).toSorted()).toStrictEqual([
      'certificate_added left',
      'destruction_ordered withdrawn_again',
      'instance_removed withdrawn_again',
      'kmip_password_deleted withdrawn_again',
    ]);
    // What the owner enables again afterwards stays enabled.
    await restored.instances.setEnabled(other, true, undefined, context());
    await restored.restore.round();
    expect(await restored.instances.get(other)).toMatchObject({ enabled: true });
  });

  describe('a gateway', () => {
    type Take = (tenants: Tenants) => Promise<unknown>;
    const change =
      (key: number, action: AuditAction, changed: Partial<CommonFields>, event: Partial<AuditEvent> = {}): Take =>
      (tenants) =>
        tenants.change(tenants.keys[key]!, action, changed, event);
    /** How each thing is taken away, and who may take it away again. */
    const TAKEN: Readonly<Partial<Record<WithdrawalKind, readonly [Take, 'gateway' | 'api']>>> = {
      certificate_removed: [(tenants) => tenants.toggleCertificate(1), 'gateway'],
      certificate_proven: [(tenants) => tenants.proveAt(tenants.one), 'gateway'],
      instance_disabled: [({ region, one }) => region.instances.setEnabled(one, false, 'a reason', context()), 'api'],
      instance_removed: [({ region, other }) => region.instances.remove(other, context()), 'api'],
      credential_policy_enforced: [
        ({ region, one }) => region.instances.setOptions(one, { credentialPolicy: 'enforce' }, context()),
        'api',
      ],
      second_person_demanded: [
        ({ region, one }) => region.instances.setOptions(one, { secondPersonToDestroy: true }, context()),
        'api',
      ],
      kmip_password_deleted: [
        async ({ region, one }) => {
          const [password] = await region.kmipCredentials.list(one);
          await region.kmipCredentials.remove(one, password!.id, context(), 'kmip-01');
        },
        'api',
      ],
      credential_removed: [
        ({ region, one }) => region.rootKeys.unsetCredential(one, context(), { confirm: 'kmip-01' }),
        'api',
      ],
      suspended: [change(0, 'vmware-solutions.kmip-key.suspend', { suspended: true }), 'gateway'],
      deactivated: [change(1, 'vmware-solutions.kmip-key.revoke', { state: 'Deactivated' }), 'gateway'],
      compromised: [change(2, 'vmware-solutions.kmip-key.revoke', { state: 'Compromised' }), 'gateway'],
      destruction_ordered: [
        change(
          3,
          'vmware-solutions.kmip-key.destroy',
          { destroyRequestedAt: new Date() },
          { details: { step: 'requested' } },
        ),
        'gateway',
      ],
    };

    it('withdraws again what its login may, without an error, and a management API the rest', async () => {
      const given = WITHDRAWAL_KINDS.filter((kind) => TAKEN[kind] === undefined);
      expect(given.toSorted()).toEqual([
        'certificate_added',
        'credential_policy_ignored',
        'credential_set',
        'destruction_withdrawn',
        'instance_created',
        'instance_enabled',
        'reactivated',
        'resumed',
        'second_person_waived',
      ]);
      const database = await databaseFrom();
      const tenants = new Tenants(pems);
      tenants.region = await openRegion(database);
      await tenants.make(database);
      await tenants.toggleCertificate(1);
      await tenants.region.kmipCredentials.issue(tenants.one, context());
      await tenants.region.rootKeys.setCredential(tenants.one, { apiKey: Secret.fromText('s3cret') }, context());
      await regions.pop()!.close();
      const backup = await databaseFrom(database);
      tenants.region = await openRegion(database);
      for (const [take] of Object.values(TAKEN)) await take(tenants);
      await tenants.region.restore.round();

      const withdrawnBy = (who: 'gateway' | 'api'): string[] =>
        Object.entries(TAKEN).flatMap(([kind, [, by]]) => (by === who ? [`${kind} withdrawn_again`] : []));
      const settled = async (region: Region): Promise<string[]> =>
        ((await region.restore.state())?.withdrawals ?? []).map(({ kind, outcome }) => `${kind} ${outcome}`).toSorted();
      const said: { level: string; fields: object }[] = [];
      const gateway = await openRegion(backup, 'gateway', recordingLogger(said));
      expect(await settled(gateway)).toEqual(withdrawnBy('gateway').toSorted());
      // The one error line is that of the restore itself.
      expect(said.filter(({ level, fields }) => level === 'error' && !('sign' in fields))).toEqual([]);
      await gateway.restore.round();
      expect(said.filter(({ fields }) => 'waiting' in fields).map(({ fields }) => fields)).toEqual([
        { waiting: withdrawnBy('api').length },
      ]);
      const api = await openRegion(backup, 'api');
      expect(await settled(api)).toEqual([...withdrawnBy('gateway'), ...withdrawnBy('api')].toSorted());
    });
  });
});
