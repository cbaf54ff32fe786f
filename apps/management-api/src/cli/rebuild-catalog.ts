import { newCorrelationId, newUniqueIdentifier, type InstanceId } from '@lib/kernel';
import { KeyManagerError } from '@lib/key-manager';
import {
  type BackgroundDependencies,
  CatalogRebuild,
  NoteApplication,
  type RebuildOptions,
  type RebuildReport,
  type ReconcileScope,
} from '@lib/kmip-engine';
import { endpointGuard, endpointTemplates, keyManagerRegistry, type Region, TenantKeyManagers } from '@lib/platform';

import { type AdminConfig } from './admin.config';
import { UsageError } from './arguments';

type Component = { readonly component: string };

/** Brings keys back into the catalog that the instance's key manager holds; clients may be served meanwhile. */
export function rebuildCatalog(
  region: Region,
  config: AdminConfig,
  instanceId: InstanceId,
  options: RebuildOptions & Component,
): Promise<RebuildReport> {
  return withKeyManagers(region, config, async (keyManagers) => {
    const rebuild = new CatalogRebuild(background(region, options));
    return rebuild.run(await scopeOf(region, keyManagers, instanceId), options);
  });
}

/**
 * Withdraws again what the notes in the key managers say and a restored database does not know.
 * @returns instances whose notes could not be read, by the reason
 */
export function applyNotes(
  region: Region,
  config: AdminConfig,
  instanceIds: readonly InstanceId[],
  options: Component,
): Promise<ReadonlyMap<InstanceId, string>> {
  return withKeyManagers(region, config, async (keyManagers) => {
    const application = new NoteApplication(background(region, options));
    const unread = new Map<InstanceId, string>();
    for (const instanceId of instanceIds) {
      // Without a root key there never was a key, or none can be served.
      if ((await keyManagers.for(instanceId)) === undefined) continue;
      try {
        const { applied, refused, gaps } = await application.readAndRun(await scopeOf(region, keyManagers, instanceId));
        if (applied.length + refused.length + gaps.length === 0) continue;
        report({ instanceId, applied, refused, gaps }, 'the notes in the key manager were applied');
      } catch (error) {
        if (!(error instanceof KeyManagerError)) throw error;
        unread.set(instanceId, error.fault);
      }
    }
    return unread;
  });
}

async function withKeyManagers<T>(
  region: Region,
  config: AdminConfig,
  work: (keyManagers: TenantKeyManagers) => Promise<T>,
): Promise<T> {
  const registry = keyManagerRegistry({
    iamUrl: config.iamUrl,
    endpoints: endpointGuard(endpointTemplates(config)),
  });
  const keyManagers = new TenantKeyManagers(region.rootKeys, registry, region.bus);
  try {
    return await work(keyManagers);
  } finally {
    await keyManagers.stop();
  }
}

const background = ({ clock }: Region, { component }: Component): BackgroundDependencies => ({
  clock,
  component,
  newCorrelationId,
  newUniqueIdentifier,
  logger: { warn: report, error: report },
});

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
