import { ACTIONS, type Action } from '@lib/tenancy';
import { contractsOf, type OperationContract } from './openapi/contract';
import { type ApiDocument } from './openapi/document';
import { OPERATION_BINDING, type OperationBinding, type OperationHandler } from './operation';

export interface BoundOperation {
  readonly contract: OperationContract;
  readonly action: Action;
  readonly handle: OperationHandler;
  /** Path parameter that holds the instance id; undefined for the list of instances. */
  readonly instanceParameter: string | undefined;
}

const INSTANCE_PATH = /^\/v1\/instances\/\{([a-z_]+)\}/;

/**
 * Joins the document with the controllers. Starting fails, with every fault in one message, unless each documented
 * operation has exactly one method with an action and each bound method is documented.
 */
export function bindOperations(document: ApiDocument, controllers: readonly object[]): readonly BoundOperation[] {
  const contracts = contractsOf(document.operations);
  const bound = new Map<string, BoundOperation>();
  const faults: string[] = [];
  for (const { operationId, action, handle } of controllers.flatMap(boundMethods)) {
    const contract = contracts.get(operationId);
    if (!contract) faults.push(`${operationId} is not documented`);
    else if (bound.has(operationId)) faults.push(`${operationId} is bound twice`);
    else if (!ACTIONS.includes(action)) faults.push(`${operationId} has no action`);
    else bound.set(operationId, { contract, action, handle, instanceParameter: instanceParameterOf(contract) });
  }
  for (const id of contracts.keys()) if (!bound.has(id)) faults.push(`${id} is not implemented`);
  if (faults.length > 0) throw new Error(`the tenant API and its document differ: ${faults.join('; ')}`);
  return [...bound.values()];
}

const instanceParameterOf = ({ operation }: OperationContract): string | undefined =>
  INSTANCE_PATH.exec(operation.path)?.[1];

function boundMethods(controller: object): (OperationBinding & { readonly handle: OperationHandler })[] {
  const prototype = Object.getPrototypeOf(controller) as object;
  return Object.values(Object.getOwnPropertyDescriptors(prototype)).flatMap(({ value }: { value?: unknown }) => {
    if (typeof value !== 'function') return [];
    const binding = Reflect.getMetadata(OPERATION_BINDING, value) as OperationBinding | undefined;
    // Only the decorator writes this metadata, and it accepts no other kind of method.
    return binding ? [{ ...binding, handle: (value as OperationHandler).bind(controller) }] : [];
  });
}
