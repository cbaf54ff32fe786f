import { type AuditEvent } from '@lib/audit';
import { counted } from '@lib/kernel';

import { requireConfirmation } from './confirmation';
import { lockedInstance } from './guards';
import { omit } from './omit';
import { type TenantScope } from './ports';
import { type Credential, type RootKeyBinding, type SealedCredential } from './root-key-binding';

type Facts = Pick<AuditEvent, 'target' | 'details'>;

/** What is known of an API key that is to take the place of another one. */
export interface CredentialRisk {
  /** Why it does not serve the root keys that are bound, without a full stop; absent when it does. */
  readonly unreached?: string | undefined;
  /** Name of the instance, when it has live keys that would be lost. */
  readonly confirm?: string | undefined;
}

/** Nobody can bring back the API key that is replaced, so keys that the new one does not reach have to be meant. */
export async function lossAccepted(
  scope: TenantScope,
  { unreached, confirm }: CredentialRisk,
): Promise<NonNullable<AuditEvent['details']>> {
  if (unreached === undefined) return {};
  const { name } = await lockedInstance(scope);
  const liveKeys = await scope.keys.countLive();
  const stops = `With this API key ${counted(liveKeys, 'key')} of the instance cannot be fetched any more: ${unreached}`;
  requireConfirmation(liveKeys === 0 ? undefined : { name, stops }, confirm);
  return { liveKeys, unreached };
}

export const rootKeyFacts = ({ id, rootKeyId, keyManagerCrn }: RootKeyBinding): Facts => ({
  target: { kind: 'root-key', id },
  details: { rootKeyId, keyManagerCrn },
});

export const credentialFacts = ({ id, serviceIdIamId }: Credential): Facts => ({
  target: { kind: 'credential', id },
  details: serviceIdIamId === undefined ? {} : { serviceIdIamId },
});

/** Of the API key of a former root key, which is named: the one in force is none of it. */
export const formerCredentialFacts = (credential: Credential, { rootKeyId, keyManagerCrn }: RootKeyBinding): Facts => {
  const facts = credentialFacts(credential);
  return { ...facts, details: { ...facts.details, formerRootKeyId: rootKeyId, keyManagerCrn } };
};

export const withoutApiKey = ({
  instanceId,
  id,
  serviceIdIamId,
  createdAt,
  revision,
}: SealedCredential): Credential => ({
  instanceId,
  id,
  ...(serviceIdIamId === undefined ? {} : { serviceIdIamId }),
  createdAt,
  revision,
});

/** What was met with another API key counts for nothing by its version; it stays there until the next call tells the end. */
export const untested = (binding: RootKeyBinding): RootKeyBinding => omit(binding, 'lookDueAt', 'watchDueAt');
