import { sameObject, type ManagedObjectReference } from '@lib/vi-json';

import { type CenterStore, type PairRow, type ProviderRow } from '../rows';
import { invalidArgument } from '../vim/fault';

/** The key providers of this vCenter, in the order in which they were registered. */
export class KeyProviders {
  constructor(private readonly store: CenterStore) {}

  list(): readonly ProviderRow[] {
    return [...this.store.list('provider')].sort((one, other) => one.registered - other.registered);
  }

  find(id: string | undefined): ProviderRow | undefined {
    return id === undefined ? undefined : this.store.get('provider', id);
  }

  /** @throws VimFault InvalidArgument; which fault a real vCenter has for it is not established [inferred] */
  get(id: string, property: string): ProviderRow {
    const provider = this.find(id);
    if (provider === undefined) throw invalidArgument(property);
    return provider;
  }

  get default(): ProviderRow | undefined {
    return this.list().find(({ useAsDefault }) => useAsDefault);
  }

  defaultOf(entity: ManagedObjectReference): ProviderRow | undefined {
    return this.list().find(({ entityDefaults }) => entityDefaults.some((one) => sameObject(one, entity)));
  }

  /** A provider of that name that nobody has yet. */
  create(id: string, changes: Partial<ProviderRow> = {}): ProviderRow {
    const last = Math.max(0, ...this.list().map(({ registered }) => registered));
    return {
      id,
      managementType: 'vCenter',
      servers: [],
      useAsDefault: false,
      entityDefaults: [],
      trusted: [],
      registered: last + 1,
      ...changes,
    };
  }

  put(...providers: readonly ProviderRow[]): Promise<void> {
    return this.store.commit(...providers.map((row) => ['provider', row.id, row] as const));
  }

  remove(id: string): Promise<void> {
    return this.store.commit(['provider', id, null]);
  }

  /** One provider at most is the system's default. */
  setDefault(id: string | undefined): Promise<void> {
    return this.put(...this.list().map((row) => ({ ...row, useAsDefault: row.id === id })));
  }

  /** One provider at most is the default of a cluster or host folder; without an id it has none. */
  setEntityDefault(entity: ManagedObjectReference, id: string | undefined): Promise<void> {
    const rows = this.list().map((row) => {
      const others = row.entityDefaults.filter((one) => !sameObject(one, entity));
      return { ...row, entityDefaults: row.id === id ? [...others, entity] : others };
    });
    return this.put(...rows);
  }

  /** What the provider shows to its servers. */
  clientOf(provider: ProviderRow): PairRow | undefined {
    return provider.client ?? this.store.get('settings', 'settings')?.client;
  }
}
