import { toFingerprint, toInstanceId } from '@lib/kernel';
import {
  type CredentialPolicy,
  type DirectoryEntry,
  type FormerRegistration,
  type InstanceState,
  type ProofKind,
  type Registrations,
  type Standing,
} from '@lib/tenancy';

export interface StandingRow {
  readonly registered_at: Date;
  readonly issued: boolean;
  readonly proof: ProofKind | null;
  readonly proven_at: Date | null;
  readonly established_at: Date | null;
  readonly recognized_at: Date | null;
}

/** Of a former registration everything between `account_id` and `registered_at` may be missing. */
export interface RegistrationRow extends StandingRow {
  readonly fingerprint: string;
  readonly instance_id: string;
  readonly account_id: string;
  readonly certificate_id: string | null;
  readonly certificate_name: string | null;
  readonly not_before: Date | null;
  readonly not_after: Date;
  readonly instance_enabled: boolean | null;
  readonly instance_state: InstanceState | null;
  readonly maximum_keys: number | null;
  readonly credential_policy: CredentialPolicy | null;
}

export function toStanding(row: StandingRow): Standing {
  const { registered_at, issued, proof, proven_at, established_at, recognized_at } = row;
  return {
    registeredAt: registered_at,
    issued,
    ...(proof !== null && proven_at !== null && { proof: { kind: proof, at: proven_at } }),
    ...(established_at !== null && { establishedAt: established_at }),
    ...(recognized_at !== null && { recognizedAt: recognized_at }),
  };
}

export function toRegistrations(rows: readonly RegistrationRow[]): Registrations {
  const sorted = [...rows].sort((one, other) => one.registered_at.getTime() - other.registered_at.getTime());
  const current: DirectoryEntry[] = [];
  const former: FormerRegistration[] = [];
  for (const row of sorted) {
    const entry = toEntry(row);
    if (entry === undefined) former.push(toFormer(row));
    else current.push(entry);
  }
  return { current, former };
}

function toFormer(row: RegistrationRow): FormerRegistration {
  return {
    fingerprint: toFingerprint(row.fingerprint),
    instanceId: toInstanceId(row.instance_id),
    accountId: row.account_id,
    standing: toStanding(row),
  };
}

function toEntry(row: RegistrationRow): DirectoryEntry | undefined {
  const { certificate_id: certificateId, instance_state: instanceState } = row;
  if (certificateId === null || instanceState === null) return undefined;
  return {
    ...toFormer(row),
    certificateId,
    certificateName: row.certificate_name ?? '',
    notBefore: row.not_before ?? row.not_after,
    notAfter: row.not_after,
    instanceEnabled: row.instance_enabled === true,
    instanceState,
    maximumKeys: row.maximum_keys ?? 0,
    credentialPolicy: row.credential_policy ?? 'ignore',
  };
}
