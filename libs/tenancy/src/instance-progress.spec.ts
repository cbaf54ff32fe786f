import { INSTANCE_STATES, type InstanceState } from './instance';
import { afterStep, type TenantStep } from './instance-progress';

describe('the state of an instance', () => {
  it.each<[TenantStep, Partial<Record<InstanceState, InstanceState>>]>([
    ['credential-set', { inactive: 'configuring' }],
    ['credential-unset', { configuring: 'inactive' }],
    ['root-key-set', { inactive: 'installed', configuring: 'installed', failed: 'installed' }],
    ['root-key-unset', { configuring: 'inactive', installed: 'inactive', failed: 'inactive' }],
  ])('after %s', (step, changes) => {
    for (const state of INSTANCE_STATES)
      expect([state, afterStep(state, step)]).toEqual([state, changes[state] ?? state]);
  });
});
