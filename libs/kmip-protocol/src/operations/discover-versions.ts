import { protocolVersion } from '../objects/protocol-version';
import { type DiscoverVersionsRequest, type DiscoverVersionsResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.26 */
export const discoverVersions = describeOperation('DiscoverVersions', Operation.DiscoverVersions, {
  request: new Structure<DiscoverVersionsRequest>('DiscoverVersions Request Payload', [
    { name: 'protocolVersions', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'many' },
  ]),
  response: new Structure<DiscoverVersionsResponse>('DiscoverVersions Response Payload', [
    { name: 'protocolVersions', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'many' },
  ]),
});
