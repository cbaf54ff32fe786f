import { isSameVersion } from '@lib/kmip-protocol';

import { supportedVersions } from '../supported-versions';
import { type ServerAnswer } from './handler';
import { KmipOperation, type ServerQuestionProvider } from './kmip-operation';

/** Discover Versions (KMIP 1.4 §4.26): ours in falling preference, cut down to what the client names. */
@KmipOperation('DiscoverVersions', { auditAction: 'vmware-solutions.kmip-server.query', concern: 'nothing' })
export class DiscoverVersionsOperation implements ServerQuestionProvider<'DiscoverVersions'> {
  readonly answer: ServerAnswer<'DiscoverVersions'> = ({ protocolVersions: asked }) => {
    if (asked.length === 0) return { protocolVersions: supportedVersions };
    return {
      protocolVersions: supportedVersions.filter((ours) => asked.some((version) => isSameVersion(ours, version))),
    };
  };
}
