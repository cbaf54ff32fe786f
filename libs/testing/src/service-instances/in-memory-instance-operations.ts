import { type InstanceOperation, type InstanceOperationRepository } from '@lib/service-instances';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryInstanceOperations implements InstanceOperationRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  newest(): Promise<InstanceOperation | undefined> {
    return answered(() => this.#newest());
  }

  get(number: number): Promise<InstanceOperation | undefined> {
    return answered(() => this.transaction.rows.operations.get(number));
  }

  insert(operation: InstanceOperation): Promise<void> {
    return answered(() => {
      const { operations, serviceInstance } = this.transaction.rows;
      if (serviceInstance === undefined) throw new Error('there is no service instance to operate on');
      if (operations.has(operation.number)) throw new Error('there is an operation of that number');
      this.#put(operation);
    });
  }

  update(operation: InstanceOperation): Promise<void> {
    return answered(() => {
      if (this.transaction.rows.operations.has(operation.number)) this.#put(operation);
    });
  }

  prune(before: Date): Promise<void> {
    return answered(() => {
      const { operations } = this.transaction.rows;
      const newest = this.#newest()?.number;
      for (const { number, finishedAt } of operations.values())
        if (number !== newest && finishedAt !== undefined && finishedAt <= before) operations.delete(number);
    });
  }

  removeAll(): Promise<void> {
    return answered(() => this.transaction.rows.operations.clear());
  }

  #newest(): InstanceOperation | undefined {
    const { operations } = this.transaction.rows;
    return operations.get(Math.max(...operations.keys()));
  }

  #put(operation: InstanceOperation): void {
    const { operations } = this.transaction.rows;
    const others = [...operations.values()].filter(({ number }) => number !== operation.number);
    if (operation.state === 'in progress' && others.some(({ state }) => state === 'in progress'))
      throw new Error('an instance has one open operation');
    operations.set(operation.number, operation);
  }
}
