import { isUuid, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { type OperationName, type RequestBatchItem } from '@lib/kmip-protocol';

import { type OperationContext } from './operation-context';

type Concern = 'births' | 'object' | 'nothing';

/** What decides the instance; a new operation has to choose. */
const CONCERNS: Readonly<Record<OperationName, Concern>> = {
  Create: 'births',
  Locate: 'births',
  Get: 'object',
  GetAttributes: 'object',
  GetAttributeList: 'object',
  AddAttribute: 'object',
  Activate: 'object',
  Revoke: 'object',
  Destroy: 'object',
  Query: 'nothing',
  DiscoverVersions: 'nothing',
};

/** The context of an item within the instance that it concerns. */
export async function routed<C extends OperationContext>({ request }: RequestBatchItem, context: C): Promise<C> {
  const { route } = context.scope;
  if (route === undefined || request === undefined) return context;
  switch (CONCERNS[request.name]) {
    case 'nothing':
      return context;
    case 'births':
      return { ...context, scope: await route.births() };
    case 'object': {
      const named = namedBy(request.payload) ?? context.placeholder.identifier;
      return named === undefined ? context : { ...context, scope: await route.holding(named) };
    }
  }
}

/** A text that is no identifier of the form we issue names nothing, and is refused by the operation itself. */
function namedBy(payload: object): UniqueIdentifier | undefined {
  const given = 'uniqueIdentifier' in payload ? payload.uniqueIdentifier : undefined;
  return typeof given === 'string' && isUuid(given) ? toUniqueIdentifier(given) : undefined;
}
