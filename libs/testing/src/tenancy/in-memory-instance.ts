import { type Instance, type InstanceRepository, TenancyError } from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryInstance implements InstanceRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  get(): Promise<Instance | undefined> {
    return answered(() => this.transaction.rows.instance);
  }

  lock(): Promise<Instance | undefined> {
    return this.get();
  }

  countInAccount(accountId: string): Promise<number> {
    return answered(() => this.#all().filter((instance) => instance.accountId === accountId).length);
  }

  insert(instance: Instance): Promise<void> {
    return answered(() => {
      if (this.#all().some(({ id, crn }) => id === instance.id || crn === instance.crn))
        throw new TenancyError('instance_exists', 'the instance exists already');
      this.transaction.rows.instance = instance;
    });
  }

  update(instance: Instance): Promise<void> {
    return answered(() => {
      if (this.transaction.rows.instance !== undefined) this.transaction.rows.instance = instance;
    });
  }

  remove(): Promise<void> {
    return answered(() => {
      const { instanceId, rows, storeOf } = this.transaction;
      const left = rows.certificates.size + rows.bindings.size + storeOf(instanceId).objects().length;
      if (left > 0 || rows.credential !== undefined) throw new Error('something still refers to the instance');
      rows.instance = undefined;
      for (const follows of [rows.claims, rows.kmipCredentials, rows.days]) follows.clear();
    });
  }

  #all(): readonly Instance[] {
    return [...this.transaction.tenants.values()].flatMap(({ instance }) => instance ?? []);
  }
}
