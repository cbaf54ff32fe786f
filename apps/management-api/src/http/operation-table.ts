import { ACTIONS } from '@lib/tenancy';

import { contractsOf, type OperationContract } from './openapi/contract';
import { type ApiDocument } from './openapi/document';
import { type BoundOperation, type OperationBinding } from './operation';

/** A route as it is about to be registered. */
export interface OperationRoute {
  readonly method: string;
  /** `/v1/instances/:id` */
  readonly url: string;
  /** Of a method without an operation: undefined. */
  readonly binding: OperationBinding | undefined;
}

const INSTANCE_PATH = /^\/v1\/instances\/\{([a-z_]+)\}/;

/** Joins the document with the routes of the controllers. */
export class OperationTable {
  readonly #contracts: ReadonlyMap<string, OperationContract>;
  readonly #bound = new Map<string, BoundOperation>();
  readonly #faults: string[] = [];

  constructor(document: Pick<ApiDocument, 'operations'>) {
    this.#contracts = contractsOf(document.operations);
  }

  get operations(): readonly BoundOperation[] {
    return [...this.#bound.values()];
  }

  /** Methods that a path takes, as it was requested. */
  methodsAt(path: string): readonly string[] {
    const documented = [...this.#contracts.values()].map(({ operation }) => operation);
    return documented
      .filter((operation) => new RegExp(`^${operation.path.replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`).test(path))
      .map(({ method }) => method);
  }

  /** @returns undefined for a route that differs from the document; `complete` tells how */
  bind(route: OperationRoute): BoundOperation | undefined {
    const { method, binding } = route;
    const known = binding && this.#bound.get(binding.operationId);
    // Fastify makes a HEAD of each GET.
    if (known && method === 'HEAD') return known;
    const contract = binding && this.#contracts.get(binding.operationId);
    const fault = this.#faultOf(route, contract);
    if (fault !== undefined || !contract) {
      this.#faults.push(fault ?? '');
      return undefined;
    }
    const { operation } = contract;
    const { action, needs } = binding;
    const bound = {
      contract,
      action,
      besides: needs.besides ?? [],
      ifGiven: needs.ifGiven ?? {},
      instanceParameter: INSTANCE_PATH.exec(operation.path)?.[1],
    };
    this.#bound.set(operation.id, bound);
    return bound;
  }

  /**
   * To be called when all routes are registered.
   * @throws Error with every fault, unless each documented operation has exactly one route with an action at the
   * documented method and path, each route is documented, and those alone that can be checked without being carried out
   * have a dry run
   */
  complete(): void {
    const missing = [...this.#contracts.keys()].filter((id) => !this.#bound.has(id));
    const faults = [...this.#faults, ...missing.map((id) => `${id} is not implemented`)];
    if (faults.length > 0) throw new Error(`the tenant API and its document differ: ${faults.join('; ')}`);
  }

  #faultOf({ method, url, binding }: OperationRoute, contract?: OperationContract): string | undefined {
    if (!binding) return `${method} ${url} has no operation`;
    const { operationId, action, kind } = binding;
    if (!contract) return `${operationId} is not documented`;
    if (this.#bound.has(operationId)) return `${operationId} is bound twice`;
    if (!ACTIONS.includes(action)) return `${operationId} has no action`;
    if (contract.hasDryRun !== (kind === 'checked')) return `${operationId} has a dry run in one of them only`;
    const documented = `${contract.operation.method} ${contract.operation.path.replaceAll(/\{([a-z_]+)\}/g, ':$1')}`;
    return `${method} ${url}` === documented ? undefined : `${operationId} is at ${method} ${url}, not ${documented}`;
  }
}
