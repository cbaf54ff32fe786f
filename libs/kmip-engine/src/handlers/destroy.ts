import { auditEvent } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-key.destroy';

/** Destroy (KMIP 1.4 §4.21): the stored key is deleted in the tenant's key manager, which only a Manager may do. */
@KmipOperation('Destroy', { auditAction: AUDIT_ACTION, concern: 'object', changes: true })
export class DestroyOperation implements OperationProvider<'Destroy'> {
  readonly run: Handler<'Destroy'> = async (request, context) => {
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    await context.custodian.destruction.destroy({
      scope: context.scope,
      uniqueIdentifier,
      now: context.now,
      correlationId: context.correlationId,
      signal: context.signal,
      audit: (step, reason) =>
        auditEvent(context, AUDIT_ACTION, {
          key: uniqueIdentifier,
          ...(reason === undefined ? {} : { outcome: 'failure', reason }),
          details: { step },
        }),
    });
    return { uniqueIdentifier };
  };
}
