import { fail } from '../failures/operation-failure';
import { activate as activated } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-key.activate';

/** Activate (KMIP 1.4 §4.19). */
@KmipOperation('Activate', { auditAction: AUDIT_ACTION, concern: 'object', changes: true })
export class ActivateOperation implements OperationProvider<'Activate'> {
  readonly run: Handler<'Activate'> = async (request, context) => {
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    const done = await context.scope.store.mutate(uniqueIdentifier, (current) => ({
      object: activated(current, context.now),
      audit: auditEvent(context, AUDIT_ACTION, { key: uniqueIdentifier }),
      result: uniqueIdentifier,
    }));
    return { uniqueIdentifier: done?.result ?? fail('unknown_object') };
  };
}
