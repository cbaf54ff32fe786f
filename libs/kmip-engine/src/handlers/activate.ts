import { fail } from '../failures/operation-failure';
import { activate as activated } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { type Handler } from './handler';

/** Activate (KMIP 1.4 §4.19). */
export const activate: Handler<'Activate'> = async (request, context) => {
  const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
  const done = await context.scope.store.mutate(uniqueIdentifier, (current) => ({
    object: activated(current, context.now),
    audit: auditEvent(context, 'vmware-solutions.kmip-key.activate', { key: uniqueIdentifier }),
    result: uniqueIdentifier,
  }));
  return { uniqueIdentifier: done?.result ?? fail('unknown_object') };
};
