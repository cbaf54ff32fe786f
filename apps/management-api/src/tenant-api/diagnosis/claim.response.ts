import { type ClaimedRefusals } from '@lib/diagnosis';
import { counted } from '@lib/kernel';
import { type CertificateClaim, type ClaimKind } from '@lib/tenancy';

import { type KmipEndpoint } from '../instances/kmip-endpoint';
import { withEntityTag } from '../versions';
import { explain } from './verdicts';

/** Claims are made and removed, never changed. */
export const ONLY_REVISION = { revision: 1 };

export interface ClaimResponse {
  readonly href: string;
  readonly etag: string;
}

/** Refusals are counted together, wherever they were seen. */
const ANY_ENDPOINT = '';

/** The document's largest number. */
const MAXIMUM = 2_147_483_647;

/** With how many strangers it fits; who they are is told by their fingerprint alone. */
export function claimResponse(
  { id, kind, value, createdAt }: CertificateClaim,
  href: string,
  refusals: readonly ClaimedRefusals[],
  endpoints: readonly KmipEndpoint[],
): ClaimResponse {
  const refused = Math.min(
    refusals.reduce((sum, { occurrences }) => sum + occurrences, 0),
    MAXIMUM,
  );
  return withEntityTag(id, ONLY_REVISION, {
    id,
    href,
    kind,
    value,
    refused_connections: refused,
    message: sentence(kind, refused),
    refusals: refusals.map(({ verdict, occurrences, lastAt }) => ({
      verdict,
      ...explain(verdict, ANY_ENDPOINT, endpoints),
      occurrences: Math.min(occurrences, MAXIMUM),
      last_at: lastAt.toISOString(),
    })),
    created_at: createdAt.toISOString(),
  });
}

const CLAIMED: Readonly<Record<ClaimKind, string>> = {
  fingerprint: 'with this certificate',
  subject: 'with this subject',
  address_range: 'from your range',
};

function sentence(kind: ClaimKind, refused: number): string {
  if (refused === 0) return `No refused connections ${CLAIMED[kind]} so far.`;
  const found = `${counted(refused, 'refused connection')} ${CLAIMED[kind]}`;
  return kind === 'fingerprint'
    ? `${found}; read the connection attempts.`
    : `${found}; paste the certificate that vCenter shows.`;
}
