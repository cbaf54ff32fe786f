import { auditEvent } from '../operation-context';
import { type Handler } from './handler';

/** Destroy (KMIP 1.4 §4.21): the stored key is deleted in the tenant's key manager, which only a Manager may do. */
export const destroy: Handler<'Destroy'> = async (request, context) => {
  const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
  await context.custodian.destruction.destroy({
    scope: context.scope,
    uniqueIdentifier,
    now: context.now,
    correlationId: context.correlationId,
    signal: context.signal,
    audit: (step, reason) =>
      auditEvent(context, 'vmware-solutions.kmip-key.destroy', {
        key: uniqueIdentifier,
        ...(reason === undefined ? {} : { outcome: 'failure', reason }),
        details: { step },
      }),
  });
  return { uniqueIdentifier };
};
