import { fail } from '../failures/operation-failure';
import { revoke as revoked } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { requireWithinLimits } from '../attributes/value-rules';
import { isKeepable, text } from '../attributes/ttlv-values';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-key.revoke';

/** Revoke (KMIP 1.4 §4.20). */
@KmipOperation('Revoke', { auditAction: AUDIT_ACTION, concern: 'object', changes: true })
export class RevokeOperation implements OperationProvider<'Revoke'> {
  readonly run: Handler<'Revoke'> = async (request, context) => {
    const { revocationReasonCode: code, revocationMessage: message } = request.revocationReason;
    if (message !== undefined) requireWithinLimits('Revocation Message', text(message));
    const { compromiseOccurrenceDate: occurred } = request;
    if (occurred !== undefined && !isKeepable(occurred)) {
      fail('attribute_value_invalid', { detail: 'Compromise Occurrence Date' });
    }
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    const done = await context.scope.store.mutate(uniqueIdentifier, (current) => {
      const object = revoked(
        current,
        {
          code,
          ...(message === undefined ? {} : { message }),
          ...(occurred === undefined ? {} : { compromiseOccurrenceDate: occurred }),
        },
        context.now,
      );
      return {
        object,
        audit: auditEvent(context, AUDIT_ACTION, {
          key: uniqueIdentifier,
          details: { reasonCode: code, state: object.state },
        }),
        result: uniqueIdentifier,
      };
    });
    return { uniqueIdentifier: done?.result ?? fail('unknown_object') };
  };
}
