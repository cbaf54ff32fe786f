import { type OperationName } from '@lib/kmip-protocol';

/** In the order of their numbers, as Query lists them. */
export const supportedOperations = [
  'Create',
  'Locate',
  'Get',
  'GetAttributes',
  'GetAttributeList',
  'AddAttribute',
  'Activate',
  'Revoke',
  'Destroy',
  'Query',
  'DiscoverVersions',
] as const satisfies OperationName[];
