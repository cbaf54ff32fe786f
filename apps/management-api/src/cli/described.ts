import { type ClientCertificate, type Instance } from '@lib/tenancy';

/** What is printed of an instance. */
export const describeInstance = (instance: Instance): object => {
  const { id, crn, name, state, enabled, credentialPolicy, keyGeneration, purgeDestroyedKeys } = instance;
  return { id, crn, name, state, enabled, credentialPolicy, keyGeneration, purgeDestroyedKeys };
};

/** What is printed of a client certificate. */
export const describeCertificate = ({ id, name, fingerprint, subject, notAfter }: ClientCertificate): object => ({
  id,
  name,
  fingerprint,
  subject,
  notAfter,
});
