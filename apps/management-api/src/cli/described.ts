import { type ClientCertificate, type Instance } from '@lib/tenancy';

const PRINTED_OF_INSTANCE = [
  'id',
  'crn',
  'name',
  'state',
  'enabled',
  'credentialPolicy',
  'keyGeneration',
  'purgeDestroyedKeys',
  'secondPersonToDestroy',
] as const;

const PRINTED_OF_CERTIFICATE = ['id', 'name', 'fingerprint', 'subject', 'notAfter'] as const;

/** What is printed of an instance. */
export const describeInstance = (instance: Instance): object => printed(instance, PRINTED_OF_INSTANCE);

/** What is printed of a client certificate. */
export const describeCertificate = (certificate: ClientCertificate): object =>
  printed(certificate, PRINTED_OF_CERTIFICATE);

const printed = <T>(source: T, fields: readonly (keyof T)[]): object =>
  Object.fromEntries(fields.map((field) => [field, source[field]]));
