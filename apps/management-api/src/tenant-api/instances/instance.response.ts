import { type Instance } from '@lib/tenancy';

import { withEntityTag } from '../versions';
import { optionsResponse } from './instance-options';
import { type KeyMoveResponse } from '../root-key/key-move-progress';
import { type InstanceHealth } from '../root-key/root-key-health.response';
import { type KmipEndpoint, type ServerCertificate } from './kmip-endpoint';

type State = Instance['state'] | 'disabled';

/** Disabled hides what lies beneath, except that an end or a failure is never hidden. */
export function stateOf(instance: Instance): State {
  if (!instance.enabled && instance.state !== 'removing' && instance.state !== 'failed') return 'disabled';
  return instance.state;
}

/** To tell what is missing. */
interface Settings {
  readonly hasCredential: boolean;
  readonly hasRootKey: boolean;
  readonly hasCertificate: boolean;
}

/** To tell whether it works. */
interface Use {
  readonly health: InstanceHealth;
  /** A client was let in lately. */
  readonly isConnected: boolean;
  readonly liveKeys: number;
  /** Each move that is under way. */
  readonly keyMoves: readonly Pick<KeyMoveResponse, 'state'>[];
}

/** What is known of an instance besides its own row. */
export interface Completeness extends Settings, Use {
  readonly keyMoves: readonly KeyMoveResponse[];
  /** Of a root key, or of a key manager, that was chosen in the order and not bound yet. */
  readonly proposedRootKeyCrn?: string | undefined;
  /** When it was noticed that the database is from a backup, until the operator releases the instance. */
  readonly restoreHeldSince?: Date | undefined;
  /** Notes of what must not come back that the key manager does not have yet. */
  readonly unwrittenNotes?: number;
}

interface NextStep {
  readonly code: string;
  readonly message: string;
}

const STEPS = {
  wait: { code: 'wait', message: 'Nothing to do: the service is at work, wait a minute and look again.' },
  credential: {
    code: 'set_credential',
    message:
      'Set the API key of a service ID that has the platform role Viewer and the service role Writer on your key manager.',
  },
  rootKey: { code: 'set_root_key', message: 'Choose the root key that is to wrap the keys of this instance.' },
  certificate: {
    code: 'add_client_certificate',
    message: 'Add the certificate of vCenter, or have one signed or made here.',
  },
  connect: {
    code: 'connect_clients',
    message: 'Add both endpoints to one standard key provider in vCenter, compare the fingerprint and click Trust.',
  },
  use: {
    code: 'make_first_key',
    message:
      'A client is connected. Encrypt a virtual machine, a host or vSAN with the key provider: its first key is made then.',
  },
  problems: {
    code: 'solve_problems',
    message: 'Something is in the way of keys: `health` says what, since when, which keys it stops and what to do.',
  },
  hinderedMove: {
    code: 'unblock_key_move',
    message: 'A move of keys is hindered: `key_moves` says what is in the way and what helps.',
  },
  pausedMove: {
    code: 'resume_key_move',
    message: 'A move of keys was paused: resume it at the former root key, which must not be deleted before.',
  },
  serving: { code: 'none', message: 'Nothing to do: the instance makes and serves keys.' },
  enable: {
    code: 'enable_instance',
    message:
      'The platform disabled the instance: settle the account, or take the deletion back, in IBM Cloud. No key was deleted.',
  },
  support: { code: 'contact_support', message: 'Open a support case and quote the identifier of the instance.' },
  none: {
    code: 'none',
    message: 'Nothing to do: the instance is being removed. Wrapped keys stay in your key manager.',
  },
} as const satisfies Record<string, NextStep>;

export function nextStep(state: State, completeness: Settings & Use): NextStep {
  switch (state) {
    case 'disabled':
      return STEPS.enable;
    case 'failed':
      return STEPS.support;
    case 'removing':
      return STEPS.none;
    case 'installing':
      return STEPS.wait;
    case 'inactive':
    case 'configuring':
    case 'installed':
      return missing(completeness) ?? inUse(completeness);
  }
}

function missing({ hasCredential, hasRootKey, hasCertificate }: Settings): NextStep | undefined {
  if (!hasCredential) return STEPS.credential;
  if (!hasRootKey) return STEPS.rootKey;
  return hasCertificate ? undefined : STEPS.certificate;
}

function inUse({ health, isConnected, liveKeys, keyMoves }: Use): NextStep {
  if (health.state === 'attention') return STEPS.problems;
  if (keyMoves.some(({ state }) => state === 'hindered')) return STEPS.hinderedMove;
  if (keyMoves.some(({ state }) => state === 'paused')) return STEPS.pausedMove;
  if (liveKeys > 0) return STEPS.serving;
  return isConnected ? STEPS.use : STEPS.connect;
}

export function instanceResponse(
  instance: Instance,
  href: string,
  completeness: Completeness,
  endpoints: readonly KmipEndpoint[],
): { readonly etag: string } {
  const state = stateOf(instance);
  return withEntityTag(instance.id, instance, {
    id: instance.id,
    crn: instance.crn,
    href,
    name: instance.name,
    region: instance.region,
    state,
    next_step: nextStep(state, completeness),
    health: completeness.health,
    live_keys: completeness.liveKeys,
    key_moves: completeness.keyMoves,
    proposed_root_key_crn: completeness.proposedRootKeyCrn,
    ...optionsResponse(instance),
    second_person_until: instance.secondPersonUntil?.toISOString(),
    unwritten_notes: completeness.unwrittenNotes,
    restore: completeness.restoreHeldSince && restoreResponse(completeness.restoreHeldSince),
    endpoints: endpoints.map(endpointResponse),
    created_at: instance.createdAt.toISOString(),
    updated_at: instance.updatedAt.toISOString(),
  });
}

const RESTORED =
  'The catalog of this region was restored from a backup. Keys are made and served as usual; what was removed or suspended since the backup is withdrawn again. Destructions of keys wait until the operator of the service releases the restore. Compare with your exported audit trail.';

function restoreResponse(noticedAt: Date): object {
  return { noticed_at: noticedAt.toISOString(), waiting: ['key_destruction'], message: RESTORED };
}

function endpointResponse({ name, host, port, certificate, nextCertificate }: KmipEndpoint): object {
  return {
    name,
    hostname: host,
    port,
    server_certificate: certificate && serverCertificateResponse(certificate),
    next_server_certificate: nextCertificate && serverCertificateResponse(nextCertificate),
  };
}

function serverCertificateResponse({ pem, chain, description }: ServerCertificate): object {
  return {
    certificate: pem,
    chain,
    sha1_fingerprint: description.sha1Fingerprint,
    sha256_fingerprint: description.fingerprint,
    subject: description.subject,
    issuer: description.issuer,
    valid_from: description.notBefore.toISOString(),
    expires_at: description.notAfter.toISOString(),
  };
}
