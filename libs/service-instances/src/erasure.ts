import { type ServiceInstanceScope } from './provisioning.ports';

export const ERASE_BATCH = 1_000;

/** Everything of the instance that is ours, in this transaction. The audit chain and the tombstone stay. */
export async function eraseInstance(scope: ServiceInstanceScope): Promise<void> {
  if ((await scope.instance.lock()) === undefined) return;
  // What was being created when the clients were cut off arrives late.
  while ((await scope.keys.erase(ERASE_BATCH)) === ERASE_BATCH);
  await scope.certificates.removeAll();
  await scope.bindings.removeAll();
  await scope.credentials.remove();
  await scope.serviceBindings.removeAll();
  await scope.instance.remove();
  scope.invalidate();
}
