import { type ProofPolicy, type RegionDirectory } from '@lib/tenancy';

export interface ProofSettings {
  readonly clientCertificateProof: 'offered' | 'required';
  readonly clientCertificateProofOlderFrom?: Date | undefined;
}

/** Token of what {@link readProofPolicy} read. */
export const PROOF_POLICY = Symbol('PROOF_POLICY');

/** What the operator demands. The first process of the region that demands proof writes down since when. */
export async function readProofPolicy(
  { clientCertificateProof, clientCertificateProofOlderFrom: olderFrom }: ProofSettings,
  directory: Pick<RegionDirectory, 'proofRequiredSince'>,
): Promise<ProofPolicy> {
  if (clientCertificateProof === 'offered') return {};
  const requiredSince = await directory.proofRequiredSince(true);
  return { ...(requiredSince && { requiredSince }), ...(olderFrom && { olderFrom }) };
}
