import { toInstanceId } from '@lib/kernel';
import { describeCertificate as describe } from '@lib/pki';
import { type ProofSettings, readProofPolicy, type Region } from '@lib/platform';
import { type ActionContext, birthsAt, type ClientCertificate, registrantsOf } from '@lib/tenancy';

import { type Arguments, isSet } from './arguments';
import { readText } from './read-text';

type UsedRegion = Pick<Region, 'certificates' | 'clock' | 'directory' | 'proofs'>;

/**
 * The operator's word proves whose a certificate is while nobody else registers it. Against others it counts only when
 * the operator says so, who is then told like them.
 */
export async function addCertificate(
  region: UsedRegion,
  given: Arguments,
  config: ProofSettings,
  context: ActionContext,
): Promise<object> {
  const [instanceId, takeOver] = [toInstanceId(given.get('instance')), isSet(given, 'take-over')];
  const request = { name: given.get('name'), pem: await readText(given.get('file')), origin: 'operator' } as const;
  const register = () => region.certificates.add(instanceId, request, context);
  if (!takeOver) return withBirths(region, config, await register());
  const { fingerprint } = describe(request.pem, region.clock.now());
  return withBirths(region, config, await region.proofs.addTakenOver(instanceId, fingerprint, register, context));
}

export async function takeOverCertificate(
  region: UsedRegion,
  given: Arguments,
  config: ProofSettings,
  context: ActionContext,
): Promise<object> {
  const taken = await region.proofs.takeOver(toInstanceId(given.get('instance')), given.get('certificate'), context);
  return withBirths(region, config, taken);
}

/** Between any two instances; tenants do it themselves within an account. */
export async function handOverCertificate(
  region: UsedRegion,
  given: Arguments,
  config: ProofSettings,
  context: ActionContext,
): Promise<object> {
  const [from, to] = [toInstanceId(given.get('instance')), toInstanceId(given.get('to'))];
  return withBirths(region, config, await region.proofs.handOver(from, given.get('certificate'), to, context));
}

export const describeCertificate = ({ id, name, fingerprint, subject, notAfter }: ClientCertificate) => ({
  id,
  name,
  fingerprint,
  subject,
  notAfter,
});

/** Whether new keys go where the operator wants them. */
async function withBirths(region: UsedRegion, config: ProofSettings, certificate: ClientCertificate): Promise<object> {
  const { instanceId, fingerprint } = certificate;
  const policy = await readProofPolicy(config, region.directory);
  const registrations = await registrantsOf(region.directory, fingerprint);
  const { place, reason } = birthsAt(instanceId, registrations, policy, region.clock.now());
  return { ...describeCertificate(certificate), instance: instanceId, births: { place, reason } };
}
