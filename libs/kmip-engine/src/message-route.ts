import { isUuid, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { type RequestBatchItem } from '@lib/kmip-protocol';

import { type HandlerContext } from './handlers/handler';

/** The context of an item within the instance that it concerns. */
export async function routed({ request }: RequestBatchItem, context: HandlerContext): Promise<HandlerContext> {
  const { route } = context.scope;
  if (route === undefined || request === undefined) return context;
  switch (context.operations.concern(request.name)) {
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
