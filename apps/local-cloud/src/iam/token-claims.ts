import { type IdentityRow } from '../journal/rows';

export interface TokenClaims extends IdentityClaims {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly iss: string;
  readonly grant_type: string;
  readonly scope: string;
  readonly client_id: string;
  readonly acr: number;
  readonly amr: readonly string[];
}

interface IdentityClaims {
  readonly iam_id: string;
  readonly id: string;
  readonly realmid: string;
  readonly identifier: string;
  readonly sub: string;
  readonly sub_type?: string;
  readonly name?: string;
  readonly email?: string;
  readonly account: { readonly valid: true; readonly bss: string; readonly frozen: boolean };
}

/** What a token says about whom it stands for; the realm is the part of the IAM id before the first dash. */
export function claimsOf(identity: IdentityRow): IdentityClaims {
  const { iamId } = identity;
  const dash = iamId.indexOf('-');
  const realmid = iamId.slice(0, dash);
  const identifier = iamId.slice(dash + 1);
  const common = {
    iam_id: iamId,
    id: iamId,
    realmid,
    identifier,
    account: { valid: true as const, bss: identity.accountId, frozen: true },
  };
  if (realmid === 'crn') return { ...common, sub: identifier, sub_type: 'CRN' };
  if (identity.kind === 'service_id') return { ...common, name: identity.name, sub: identifier, sub_type: 'ServiceId' };
  const email = identity.email ?? `${identifier}@example.com`;
  return { ...common, name: identity.name, email, sub: email };
}
