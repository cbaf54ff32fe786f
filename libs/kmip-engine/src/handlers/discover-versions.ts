import { auditEvent } from '../operation-context';
import { supportedVersions } from '../supported-versions';
import { type Handler } from './handler';

/** Discover Versions (KMIP 1.4 §4.26): ours in falling preference, cut down to what the client names. */
export const discoverVersions: Handler<'DiscoverVersions'> = async ({ protocolVersions: asked }, context) => {
  await context.scope.store.record(
    auditEvent(context, 'vmware-solutions.kmip-server.query', { details: { operation: 'DiscoverVersions' } }),
  );
  if (asked.length === 0) return { protocolVersions: supportedVersions };
  return {
    protocolVersions: supportedVersions.filter(({ major, minor }) =>
      asked.some((version) => version.major === major && version.minor === minor),
    ),
  };
};
