import { randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId, type Secret, systemClock } from '@lib/kernel';
import {
  PostgresAuditTrail,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { InstanceService } from '@lib/tenancy';
import { EngineHarness, FakeKeyManager, startTestPostgres, type TestDatabase, vcenterKey } from '@lib/testing';

import { argumentsOf } from './arguments';
import { InstanceCreate } from './commands/instance-create.command';
import { InstanceTakeOver } from './commands/instance-take-over.command';

jest.setTimeout(60_000);

const context = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
} as const;
const KEY_MANAGER = 'crn:v1:bluemix:public:kms:eu-de:a/account:key-manager::';

describe('taking over the keys of an instance that was removed', () => {
  let database: TestDatabase;
  /** As clients use them, and as the command line does, which has less to do with keys. */
  let gateways: PostgresObjectStores;
  let stores: PostgresObjectStores;
  let instances: InstanceService;
  let trail: PostgresAuditTrail;

  beforeAll(async () => {
    database = await startTestPostgres();
    const dataSource = await database.openDataSource({ role: 'api' });
    gateways = new PostgresObjectStores(await database.openDataSource({ role: 'gateway' }));
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    instances = new InstanceService(unitOfWork, new PostgresRegionDirectory(dataSource), systemClock);
    [stores, trail] = [new PostgresObjectStores(dataSource), new PostgresAuditTrail(dataSource)];
  });
  afterAll(() => database.close());

  /** One tenant's key manager, and his instances one after the other. */
  class Tenant {
    readonly keyManager = new FakeKeyManager();
    /** As the record of its end has them: nothing was bound by the service here. */
    #rootKeys = '';

    constructor(
      readonly former: InstanceId,
      readonly successor: InstanceId,
    ) {}

    static async with({ account = 'account' } = {}): Promise<Tenant> {
      const order = (of: string) => ({
        crn: `crn:v1:bluemix:public:kmip:eu-de:a/${of}:${randomUUID()}::`,
        name: 'kmip',
      });
      const [former, successor] = [
        await instances.create(order('account'), context),
        await instances.create(order(account), context),
      ];
      return new Tenant(former.id, successor.id);
    }

    at(instanceId: InstanceId, by = gateways) {
      const { keyManager } = this;
      const store = by.forInstance(instanceId);
      const harness = new EngineHarness({ instanceId, keyManager });
      return { harness, scope: { instanceId, store, keyManager, rootKeyId: keyManager.rootKey.id } };
    }

    async create(): Promise<string> {
      const { harness, scope } = this.at(this.former);
      const templateAttribute = { attributes: [...vcenterKey] };
      return (await harness.perform('Create', { objectType: 2, templateAttribute }, { scope })).uniqueIdentifier;
    }

    async fetch(instanceId: InstanceId, uniqueIdentifier: string): Promise<string> {
      const { harness, scope } = this.at(instanceId);
      const { symmetricKey } = await harness.perform('Get', { uniqueIdentifier }, { scope });
      return (symmetricKey?.keyMaterial as Secret).expose().toString('hex');
    }

    /** As the operator removes it. */
    async remove(rootKeys = `${KEY_MANAGER} ${this.keyManager.rootKey.id}`): Promise<void> {
      await instances.setEnabled(this.former, false, undefined, context);
      await instances.remove(this.former, context, 'kmip');
      this.#rootKeys = rootKeys;
    }

    async #recorded(...asked: Parameters<PostgresAuditTrail['list']>) {
      const rootKeys = this.#rootKeys;
      return (await trail.list(...asked)).map(({ event }) => ({
        event: { ...event, details: { ...event.details, rootKeys } },
      }));
    }

    takeOver(from = this.former): Promise<unknown> {
      const { harness, scope } = this.at(this.successor, stores);
      const bindings = [{ keyManagerCrn: KEY_MANAGER, rootKeyId: this.keyManager.rootKey.id }];
      const command = new InstanceTakeOver(
        { of: () => Promise.resolve(scope), background: harness.background } as never,
        instances,
        { list: () => Promise.resolve(bindings) } as never,
        { list: (...asked: Parameters<PostgresAuditTrail['list']>) => this.#recorded(...asked) } as never,
      );
      return command.run(argumentsOf({ instance: this.successor, from }));
    }
  }

  it('serves every key under its identifier, with its bytes', async () => {
    const tenant = await Tenant.with();
    const keys = [await tenant.create(), await tenant.create()];
    const bytes = await Promise.all(keys.map((key) => tenant.fetch(tenant.former, key)));
    await tenant.remove();
    expect(await tenant.takeOver()).toMatchObject({ takenOver: 2, notTaken: [] });
    expect(await Promise.all(keys.map((key) => tenant.fetch(tenant.successor, key)))).toEqual(bytes);
    expect(await tenant.takeOver()).toMatchObject({ takenOver: 0, present: 2 });
    expect(tenant.keyManager.storedKeys()).toHaveLength(2);
  });

  it('demands a second person to destroy where the former one did, before any key is there', async () => {
    const tenant = await Tenant.with();
    await tenant.create();
    await instances.setOptions(tenant.former, { secondPersonToDestroy: true }, context);
    // Turned off before the removal: it works on, and does not end with the instance.
    await instances.setOptions(tenant.former, { secondPersonToDestroy: false }, context);
    await tenant.remove();
    expect(await tenant.takeOver()).toMatchObject({ takenOver: 1 });
    expect(await instances.get(tenant.successor)).toMatchObject({ secondPersonToDestroy: true });
  });

  it('demands nothing that the former one did not', async () => {
    const tenant = await Tenant.with();
    await tenant.create();
    await tenant.remove();
    await tenant.takeOver();
    expect(await instances.get(tenant.successor)).toMatchObject({ secondPersonToDestroy: false });
  });

  it('demands a second person where one is made again under the CRN of one that did', async () => {
    const { former } = await Tenant.with();
    const { crn } = await instances.setOptions(former, { secondPersonToDestroy: true }, context);
    await instances.remove(former, context, 'kmip');
    await new InstanceCreate(instances, trail).run(argumentsOf({ crn, name: 'again' }));
    expect(await instances.get(former)).toMatchObject({ name: 'again', secondPersonToDestroy: true });
    // By one transaction: whoever is killed has made both or nothing.
    const [made] = await trail.list(former, { newestFirst: true, limit: 1 });
    expect(made?.event).toMatchObject({
      action: 'vmware-solutions.instance.create',
      details: { secondPersonToDestroy: true },
    });
  });

  it('needs proof that it was removed, of the same account and with the same root key', async () => {
    const tenant = await Tenant.with();
    await tenant.create();
    await expect(tenant.takeOver()).rejects.toThrow('is there: keys are taken over from one that was removed');
    await expect(tenant.takeOver(randomUUID() as InstanceId)).rejects.toThrow('no audit trail here says');
    await tenant.remove(`${KEY_MANAGER} another-root-key`);
    await expect(tenant.takeOver()).rejects.toThrow('is not bound to instance');
    const stranger = await Tenant.with({ account: 'stranger' });
    await stranger.remove();
    await expect(stranger.takeOver()).rejects.toThrow('was of another account');
    expect(await stores.forInstance(tenant.successor).countLive()).toBe(0);
  });
});
