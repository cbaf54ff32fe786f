import { type InstanceState } from './instance';
import { type TenantScope } from './ports';

/** What a tenant does that brings an instance nearer to serving keys, or away from it. */
export type TenantStep = 'credential-set' | 'credential-unset' | 'root-key-set' | 'root-key-unset';

/** States that are not named stay: above all, what is being made or removed is so until its operation ends. */
const CHANGES: Readonly<Record<TenantStep, Partial<Record<InstanceState, InstanceState>>>> = {
  'credential-set': { inactive: 'configuring' },
  'credential-unset': { configuring: 'inactive' },
  'root-key-set': { inactive: 'installed', configuring: 'installed', failed: 'installed' },
  'root-key-unset': { configuring: 'inactive', installed: 'inactive', failed: 'inactive' },
};

export const afterStep = (state: InstanceState, step: TenantStep): InstanceState => CHANGES[step][state] ?? state;

/** Where an instance stands whose making ends: a quick tenant has taken steps already. */
export async function madeState({ bindings, credentials }: TenantScope): Promise<InstanceState> {
  if ((await bindings.list()).some(({ status }) => status === 'active')) return 'installed';
  return (await credentials.get()) === undefined ? 'inactive' : 'configuring';
}
