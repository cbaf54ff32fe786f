import { isSameVersion } from '@lib/kmip-protocol';

import { auditEvent } from '../operation-context';
import { supportedVersions } from '../supported-versions';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-server.query';

/** Discover Versions (KMIP 1.4 §4.26): ours in falling preference, cut down to what the client names. */
@KmipOperation('DiscoverVersions', { auditAction: AUDIT_ACTION, concern: 'nothing' })
export class DiscoverVersionsOperation implements OperationProvider<'DiscoverVersions'> {
  readonly run: Handler<'DiscoverVersions'> = async ({ protocolVersions: asked }, context) => {
    await context.scope.store.record(auditEvent(context, AUDIT_ACTION, { details: { operation: 'DiscoverVersions' } }));
    if (asked.length === 0) return { protocolVersions: supportedVersions };
    return {
      protocolVersions: supportedVersions.filter((ours) => asked.some((version) => isSameVersion(ours, version))),
    };
  };
}
