import { ActivateOperation } from './activate';
import { AddAttributeOperation } from './add-attribute';
import { CreateOperation } from './create';
import { DestroyOperation } from './destroy';
import { DiscoverVersionsOperation } from './discover-versions';
import { GetOperation } from './get';
import { GetAttributeListOperation } from './get-attribute-list';
import { GetAttributesOperation } from './get-attributes';
import { LocateOperation } from './locate';
import { OperationTable } from './operation-table';
import { QueryOperation } from './query';
import { RevokeOperation } from './revoke';

/** Every operation of this library, as providers for whoever puts an engine together. */
export const KMIP_OPERATIONS = [
  ActivateOperation,
  AddAttributeOperation,
  CreateOperation,
  DestroyOperation,
  DiscoverVersionsOperation,
  GetOperation,
  GetAttributeListOperation,
  GetAttributesOperation,
  LocateOperation,
  QueryOperation,
  RevokeOperation,
];

/** A table of all of them, for whoever has no container to find them. */
export const everyOperation = (): OperationTable =>
  new OperationTable(KMIP_OPERATIONS.map((operation) => new operation()));
