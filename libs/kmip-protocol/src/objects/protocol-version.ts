import { type ProtocolVersion, versionOf } from '../protocol-version';
import { type Codec, mapped } from '../schema/codec';
import { Structure } from '../schema/structure';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';

const wireVersion = new Structure<ProtocolVersion>(
  'Protocol Version',
  [
    { name: 'major', tag: Tag.ProtocolVersionMajor, type: 'Integer', presence: 'required' },
    { name: 'minor', tag: Tag.ProtocolVersionMinor, type: 'Integer', presence: 'required' },
  ],
  { whenMissing: ResultReason.InvalidMessage },
);

/** KMIP 1.4 §6.1 */
export const protocolVersion: Codec<ProtocolVersion> = mapped(
  wireVersion,
  ({ major, minor }) => versionOf(major, minor),
  (version) => version,
);
