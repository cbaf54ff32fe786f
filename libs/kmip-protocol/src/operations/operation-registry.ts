import { type EnumValue, type OperationName } from '../messages/message.types';
import { activate } from './activate';
import { addAttribute } from './add-attribute';
import { create } from './create';
import { destroy } from './destroy';
import { discoverVersions } from './discover-versions';
import { get } from './get';
import { getAttributeList } from './get-attribute-list';
import { getAttributes } from './get-attributes';
import { locate } from './locate';
import { type OperationCodec } from './operation-codec';
import { query } from './query';
import { revoke } from './revoke';

const byName: { readonly [N in OperationName]: OperationCodec } = {
  Activate: activate,
  AddAttribute: addAttribute,
  Create: create,
  Destroy: destroy,
  DiscoverVersions: discoverVersions,
  Get: get,
  GetAttributeList: getAttributeList,
  GetAttributes: getAttributes,
  Locate: locate,
  Query: query,
  Revoke: revoke,
};

const byNumber: ReadonlyMap<number, OperationCodec> = new Map(
  Object.values(byName).map((codec) => [codec.operation, codec]),
);

/** The codec of an operation number, if this library knows its payloads. */
export const operationCodec = (operation: EnumValue): OperationCodec | undefined => byNumber.get(operation);

export const operationCodecByName = (name: OperationName): OperationCodec => byName[name];
