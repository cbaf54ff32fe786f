import { protocolVersion } from '../objects/protocol-version';
import { type ProtocolVersion } from '../protocol-version';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface DiscoverVersionsRequest {
  readonly protocolVersions: readonly ProtocolVersion[];
}

interface DiscoverVersionsResponse {
  readonly protocolVersions: readonly ProtocolVersion[];
}

/** KMIP 1.4 §4.26 */
export const discoverVersions = describeOperation('DiscoverVersions', {
  request: new Structure<DiscoverVersionsRequest>('DiscoverVersions Request Payload', [
    { name: 'protocolVersions', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'many' },
  ]),
  response: new Structure<DiscoverVersionsResponse>('DiscoverVersions Response Payload', [
    { name: 'protocolVersions', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'many' },
  ]),
});
