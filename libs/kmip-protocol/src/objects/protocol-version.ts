import { type ProtocolVersion } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';

/** KMIP 1.4 §6.1 */
export const protocolVersion = new Structure<ProtocolVersion>(
  'Protocol Version',
  [
    { name: 'major', tag: Tag.ProtocolVersionMajor, type: 'Integer', presence: 'required' },
    { name: 'minor', tag: Tag.ProtocolVersionMinor, type: 'Integer', presence: 'required' },
  ],
  { whenMissing: ResultReason.InvalidMessage },
);
