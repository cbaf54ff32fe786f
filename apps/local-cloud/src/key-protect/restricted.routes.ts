import { type FastifyInstance } from 'fastify';
import { collection } from './key-representation';
import { callOf } from './kms-call';
import { KmsError } from './kms.errors';
import { operation } from './operations';

/** Calls that exist but are not for us: import tokens (Dedicated has none, and nobody here needs one) and registrations. */
export function registerRestricted(kms: FastifyInstance): void {
  const refuse = (): never => {
    throw new KmsError('FEATURE_RESTRICTED_ERR');
  };
  kms.post('/import_token', operation('import-token.create'), (request) => {
    callOf(request).require();
    refuse();
  });
  kms.get('/import_token', operation('import-token.read'), (request) => {
    callOf(request).require();
    refuse();
  });

  const REGISTRATION_TYPE = 'application/vnd.ibm.kms.registration+json';
  kms.get<{ Params: { id: string } }>('/keys/:id/registrations', operation('registrations.list'), (request) => {
    callOf(request).requireKey(request.params.id);
    return collection(REGISTRATION_TYPE, []);
  });
  kms.get('/keys/registrations', operation('registrations.list'), (request) => {
    callOf(request).require();
    return collection(REGISTRATION_TYPE, []);
  });
  kms.post<{ Params: { id: string; crn: string } }>(
    '/keys/:id/registrations/:crn',
    operation('registrations.create'),
    (request) => {
      callOf(request).requireKey(request.params.id);
      throw new KmsError('SERVICE_ONLY_ERR');
    },
  );
}
