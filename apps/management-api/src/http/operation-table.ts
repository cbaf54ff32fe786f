import { ACTIONS, type Action } from '@lib/tenancy';
import { contractsOf, type OperationContract } from './openapi/contract';
import { type ApiDocument } from './openapi/document';
import {
  type ChangeCheck,
  OPERATION_BINDING,
  type OperationAnswer,
  type OperationBinding,
  type OperationCall,
  type OperationHandler,
} from './operation';

export interface BoundOperation {
  readonly contract: OperationContract;
  readonly action: Action;
  /** A dry run checks and changes nothing; operations that cannot are refused before, see {@link OperationContract}. */
  readonly handle: (call: OperationCall, dryRun: boolean) => Promise<OperationAnswer>;
  /** Path parameter that holds the instance id; undefined for the list of instances. */
  readonly instanceParameter: string | undefined;
}

const INSTANCE_PATH = /^\/v1\/instances\/\{([a-z_]+)\}/;

/**
 * Joins the document with the controllers. Starting fails, with every fault in one message, unless each documented
 * operation has exactly one method with an action, each bound method is documented, and those alone that can be checked
 * without being carried out have a dry run.
 */
export function bindOperations(document: ApiDocument, controllers: readonly object[]): readonly BoundOperation[] {
  const contracts = contractsOf(document.operations);
  const bound = new Map<string, BoundOperation>();
  const faults: string[] = [];
  for (const { operationId, action, kind, handle } of controllers.flatMap(boundMethods)) {
    const contract = contracts.get(operationId);
    if (!contract) faults.push(`${operationId} is not documented`);
    else if (bound.has(operationId)) faults.push(`${operationId} is bound twice`);
    else if (!ACTIONS.includes(action)) faults.push(`${operationId} has no action`);
    else if (contract.hasDryRun !== (kind === 'checked'))
      faults.push(`${operationId} has a dry run in one of them only`);
    else bound.set(operationId, { contract, action, handle, instanceParameter: instanceParameterOf(contract) });
  }
  for (const id of contracts.keys()) if (!bound.has(id)) faults.push(`${id} is not implemented`);
  if (faults.length > 0) throw new Error(`the tenant API and its document differ: ${faults.join('; ')}`);
  return [...bound.values()];
}

const instanceParameterOf = ({ operation }: OperationContract): string | undefined =>
  INSTANCE_PATH.exec(operation.path)?.[1];

function boundMethods(controller: object): (OperationBinding & Pick<BoundOperation, 'handle'>)[] {
  const prototype = Object.getPrototypeOf(controller) as object;
  return Object.values(Object.getOwnPropertyDescriptors(prototype)).flatMap(({ value }: { value?: unknown }) => {
    if (typeof value !== 'function') return [];
    const binding = Reflect.getMetadata(OPERATION_BINDING, value) as OperationBinding | undefined;
    return binding ? [{ ...binding, handle: handlerOf(binding, value.bind(controller)) }] : [];
  });
}

/** Only the decorators write this metadata, and each accepts one kind of method. */
function handlerOf({ kind }: OperationBinding, method: unknown): BoundOperation['handle'] {
  if (kind === 'direct') return method as OperationHandler;
  const check = method as ChangeCheck;
  return async (call, dryRun) => {
    const change = await check(call);
    return dryRun ? { status: 204 } : change();
  };
}
