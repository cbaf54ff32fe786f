import { type GetRequest, KeyFormatType } from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

function requireServableForm({ keyFormatType, keyCompressionType, keyWrappingSpecification }: GetRequest): void {
  if (keyFormatType !== undefined && keyFormatType !== KeyFormatType.Raw) fail('format_not_available');
  if (keyCompressionType !== undefined) fail('compression_not_available');
  if (keyWrappingSpecification !== undefined) fail('wrapping_not_supported');
}

/**
 * Get (KMIP 1.4 §4.11). The Key Value holds the material alone: attributes inside it or a compression type have broken
 * 1.x clients.
 */
@KmipOperation('Get', { auditAction: 'vmware-solutions.kmip-key.read', concern: 'object', serves: true })
export class GetOperation implements OperationProvider<'Get'> {
  readonly run: Handler<'Get'> = async (request, context) => {
    requireServableForm(request);
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    const { object, kind, secret } = await context.custodian.use.serve(context, uniqueIdentifier);
    return { objectType: object.objectType, uniqueIdentifier, ...kind.answer(object, secret) };
  };
}
