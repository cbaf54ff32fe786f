import * as operations from './operation-list';
import { OperationTable } from './operation-table';

/** Every operation of this library, as providers for whoever puts an engine together. */
export const KMIP_OPERATIONS = Object.values(operations);

/** A table of all of them, for whoever has no container to find them. */
export const everyOperation = (): OperationTable =>
  new OperationTable(KMIP_OPERATIONS.map((operation) => new operation()));
