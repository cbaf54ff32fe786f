import { newCorrelationId, newUniqueIdentifier, type InstanceId } from '@lib/kernel';
import { KeyManagerRegistry } from '@lib/key-protect';
import { CatalogRebuild, type RebuildOptions, type RebuildReport, type ReconcileScope } from '@lib/kmip-engine';
import { endpointGuard, endpointTemplates, type Region, TenantKeyManagers } from '@lib/platform';

import { type AdminConfig } from './admin.config';
import { UsageError } from './arguments';

/** Brings keys back into the catalog that the instance's key manager holds; clients may be served meanwhile. */
export async function rebuildCatalog(
  region: Region,
  config: AdminConfig,
  instanceId: InstanceId,
  options: RebuildOptions & { readonly component: string },
): Promise<RebuildReport> {
  const registry = new KeyManagerRegistry({
    iamUrl: config.iamUrl,
    endpoints: endpointGuard(endpointTemplates(config)),
  });
  const keyManagers = new TenantKeyManagers(region.rootKeys, registry, region.bus);
  try {
    const rebuild = new CatalogRebuild({
      clock: region.clock,
      component: options.component,
      newCorrelationId,
      newUniqueIdentifier,
      logger: { warn: report, error: report },
    });
    return await rebuild.run(await scopeOf(region, keyManagers, instanceId), options);
  } finally {
    await keyManagers.stop();
  }
}

async function scopeOf(
  region: Region,
  keyManagers: TenantKeyManagers,
  instanceId: InstanceId,
): Promise<ReconcileScope> {
  const bound = await keyManagers.for(instanceId);
  if (bound === undefined) throw new UsageError('no root key is set for the instance: set it, then run this again');
  const former = await keyManagers.former(instanceId);
  return { instanceId, store: region.objectStores.forInstance(instanceId), former, ...bound };
}

function report(fields: Readonly<Record<string, unknown>>, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
}
