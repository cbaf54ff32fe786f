import { type CorrelationId, type InstanceId, type Secret } from '@lib/kernel';
import { type RootKeyBinding } from '@lib/tenancy';

import { visibilityOf } from './root-key-crn';
import { type RootKeyWorkbench } from './root-key-workbench';

interface Trial {
  readonly instanceId: InstanceId;
  readonly correlationId: CorrelationId;
  readonly apiKey: Secret;
}

/**
 * Tries an API key at every root key that holds keys of the instance, former ones too: keys that lie there are served
 * from there until they are moved.
 * @returns what it would not do, without a full stop; undefined when it does all
 */
export async function unreachedRootKeys(
  workbench: Pick<RootKeyWorkbench, 'check'>,
  bindings: readonly RootKeyBinding[],
  { instanceId, correlationId, apiKey }: Trial,
): Promise<string | undefined> {
  const faults = new Set<string>();
  for (const binding of bindings) {
    const wish = { ...binding, visibility: visibilityOf(binding) };
    const { steps } = await workbench.check(instanceId, wish, correlationId, apiKey);
    for (const { code, message, result } of steps) {
      // Its keys lie there already.
      if (result === 'failed' && code !== 'key_manager_quota') faults.add(`${code}: ${message}`);
    }
  }
  return faults.size === 0 ? undefined : [...faults].join('; ');
}

/** Those of the bindings that this API key serves as well. */
export async function reachedRootKeys(
  workbench: Pick<RootKeyWorkbench, 'check'>,
  bindings: readonly RootKeyBinding[],
  trial: Trial,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  for (const binding of bindings) {
    if ((await unreachedRootKeys(workbench, [binding], trial)) === undefined) reached.add(binding.id);
  }
  return reached;
}
