import {
  type CredentialRepository,
  type FormerCredential,
  type RootKeyBinding,
  type RootKeyBindingRepository,
  type SealedCredential,
} from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryRootKeyBindings implements RootKeyBindingRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  list(): Promise<readonly RootKeyBinding[]> {
    return answered(() =>
      [...this.transaction.rows.bindings.values()].sort(
        // 'active' sorts before 'retiring'.
        (a, b) => a.status.localeCompare(b.status) || b.createdAt.getTime() - a.createdAt.getTime(),
      ),
    );
  }

  insert(binding: RootKeyBinding): Promise<void> {
    return answered(() => this.#put(binding));
  }

  update(binding: RootKeyBinding): Promise<void> {
    return answered(() => {
      if (this.transaction.rows.bindings.has(binding.id)) this.#put(binding);
    });
  }

  remove(id: string): Promise<void> {
    return answered(() => {
      this.transaction.rows.bindings.delete(id);
      this.transaction.rows.formerCredentials.delete(id);
    });
  }

  removeAll(): Promise<void> {
    return answered(() => {
      this.transaction.rows.bindings.clear();
      this.transaction.rows.formerCredentials.clear();
    });
  }

  #put(binding: RootKeyBinding): void {
    const { bindings, instance } = this.transaction.rows;
    if (instance === undefined) throw new Error('there is no instance to bind a root key to');
    const others = [...bindings.values()].filter(({ id }) => id !== binding.id);
    if (binding.status === 'active' && others.some(({ status }) => status === 'active'))
      throw new Error('an instance has one active root key');
    bindings.set(binding.id, binding);
  }
}

export class InMemoryCredentials implements CredentialRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  get(): Promise<SealedCredential | undefined> {
    return answered(() => this.transaction.rows.credential);
  }

  put(credential: SealedCredential): Promise<void> {
    return answered(() => {
      if (this.transaction.rows.instance === undefined) throw new Error('there is no instance to have an API key');
      this.transaction.rows.credential = credential;
    });
  }

  former(): Promise<readonly FormerCredential[]> {
    return answered(() => [...this.transaction.rows.formerCredentials.values()]);
  }

  putFormer(credential: FormerCredential): Promise<void> {
    return answered(() => {
      const { bindings, formerCredentials } = this.transaction.rows;
      if (!bindings.has(credential.bindingId)) throw new Error('there is no root key to have an API key');
      formerCredentials.set(credential.bindingId, credential);
    });
  }

  removeFormer(bindingId: string): Promise<void> {
    return answered(() => void this.transaction.rows.formerCredentials.delete(bindingId));
  }

  remove(): Promise<void> {
    return answered(() => {
      this.transaction.rows.credential = undefined;
      this.transaction.rows.formerCredentials.clear();
    });
  }
}
