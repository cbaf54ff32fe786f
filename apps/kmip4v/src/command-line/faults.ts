import { DomainError } from '@lib/kernel';
import { TenantApiError } from '@lib/tenant-api-client';

import { EXIT, type ExitCode } from './exit-codes';

/** What went wrong, in words for whoever typed the command. Never holds a token, a key or a password. */
export class CommandFault extends Error {
  constructor(
    readonly exit: ExitCode,
    message: string,
    /** What to do about it. */
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const usageFault = (message: string, remedy?: string): CommandFault =>
  new CommandFault(EXIT.usage, message, remedy);

/** A fault as it is told. */
export interface Told {
  readonly exit: ExitCode;
  readonly message: string;
  readonly remedy?: string;
  /** The service's own word for it. */
  readonly code?: string;
  readonly trace?: string;
}

/** In words, whatever was thrown. What nobody foresaw is told by its text alone. */
export function toldOf(error: unknown): Told {
  if (error instanceof CommandFault) {
    const { exit, message, remedy } = error;
    return { exit, message, ...(remedy !== undefined && { remedy }) };
  }
  if (error instanceof TenantApiError) return refusal(error);
  if (error instanceof DomainError) return { exit: EXIT.refused, code: error.code, message: error.message };
  return connectionFault(error) ?? { exit: EXIT.failed, message: `unexpected error: ${String(error)}` };
}

const REMEDIES: Readonly<Partial<Record<string, string>>> = {
  confirmation_required: 'if you mean it, repeat the command with --confirm and the name that the message gives',
  credential_missing: 'set the API key that the service works with: kmip4v credential set',
  credential_rejected: 'give the service ID the permissions that `kmip4v root-key check` names',
  duplicate_certificate: 'kmip4v certificate list shows it',
  forbidden: 'ask the administrator of the account for a role that permits it',
  instance_disabled: 'enable the instance in IBM Cloud, or ask its administrator',
  internal_error: 'report it with the trace',
  inventory_incomplete:
    'say of each that its vCenter was looked at (`vcenter inventory`: --with FILE; `reclaim upload`: --covers CERTIFICATE), or that ' +
    'it needs no key (--without-certificate CERTIFICATE)',
  invalid_certificate: 'give the file as vCenter shows it, from BEGIN CERTIFICATE to END CERTIFICATE',
  precondition_failed: 'somebody changed it meanwhile: look at it again, and repeat the command',
  second_person_required:
    'plan it (kmip4v shred plan), have another person confirm the plan (kmip4v shred confirm), then execute it',
  service_unavailable: 'try again in a minute',
  too_many_requests: 'wait, and try again',
  unauthenticated: 'get a fresh token: kmip4v profile list shows where it comes from',
};

function refusal(error: TenantApiError): Told {
  const [first] = error.faults;
  const wait = error.retryAfterSeconds === undefined ? undefined : `try again in ${error.retryAfterSeconds} s`;
  const remedy = wait ?? REMEDIES[first?.code ?? ''];
  const targets = error.faults.flatMap(({ target }) => (target === undefined ? [] : [`${target.type} ${target.name}`]));
  return {
    exit: exitOf(error.status),
    message: targets.length === 0 ? error.message : `${error.message} (${targets.join(', ')})`,
    ...(remedy !== undefined && { remedy }),
    ...(first !== undefined && { code: first.code }),
    ...(error.trace !== undefined && { trace: error.trace }),
  };
}

function exitOf(status: number): ExitCode {
  if (status === 404) return EXIT.notFound;
  if (status === 401 || status === 403 || status === 409 || status === 412) return EXIT.refused;
  if (status === 429 || status === 502 || status === 503 || status === 504) return EXIT.unavailable;
  return status >= 400 && status < 500 ? EXIT.usage : EXIT.failed;
}

const TRUST = 'name its certificate authority (--ca-file) or pin its certificate (--pin) with `kmip4v profile add`';

/** By the code of Node or of OpenSSL: what was found, and what to do. */
const CONNECTION_FAULTS: Readonly<Partial<Record<string, readonly [message: string, remedy: string, exit: ExitCode]>>> =
  {
    ECONNREFUSED: ['nothing listens there', 'check the address, and whether the service runs', EXIT.unavailable],
    ECONNRESET: ['the connection was cut', 'try again', EXIT.unavailable],
    ENOTFOUND: ['the name is not known', 'check the address, and the DNS server of this machine', EXIT.unavailable],
    EAI_AGAIN: ['the DNS server does not answer', 'check the DNS server of this machine', EXIT.unavailable],
    EHOSTUNREACH: ['no route leads there', 'check the network', EXIT.unavailable],
    ETIMEDOUT: ['there was no answer in time', 'check the firewall between here and there', EXIT.unavailable],
    UND_ERR_CONNECT_TIMEOUT: [
      'there was no answer in time',
      'check the firewall between here and there',
      EXIT.unavailable,
    ],
    UND_ERR_HEADERS_TIMEOUT: ['there was no answer in time', 'try again', EXIT.unavailable],
    TimeoutError: ['there was no answer in time', 'try again', EXIT.unavailable],
    CERT_HAS_EXPIRED: ['the certificate of the server has expired', 'its operator has to renew it', EXIT.refused],
    DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate of the server is signed by itself', TRUST, EXIT.refused],
    SELF_SIGNED_CERT_IN_CHAIN: ['the certificate authority of the server is not known here', TRUST, EXIT.refused],
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
      'the certificate authority of the server is not known here',
      TRUST,
      EXIT.refused,
    ],
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['the certificate authority of the server is not known here', TRUST, EXIT.refused],
    ERR_TLS_CERT_ALTNAME_INVALID: [
      'the certificate of the server is for another name',
      'check the address',
      EXIT.refused,
    ],
    PINNED_CERTIFICATE_DIFFERS: [
      'the server shows another certificate than the pinned one',
      'compare its fingerprint with what its operator tells you, then pin it anew: kmip4v profile add',
      EXIT.refused,
    ],
  };

interface Caused {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly cause?: unknown;
}

const isCaused = (thrown: unknown): thrown is Caused =>
  typeof thrown === 'object' && thrown !== null && 'name' in thrown && 'message' in thrown;

/** `fetch` hides why a connection failed in a chain of causes. */
function connectionFault(error: unknown): Told | undefined {
  for (let cause: unknown = error, depth = 0; isCaused(cause) && depth < 5; cause = cause.cause, depth += 1) {
    const code = typeof cause.code === 'string' ? cause.code : cause.name;
    const known = CONNECTION_FAULTS[code];
    if (known === undefined) continue;
    const [what, remedy, exit] = known;
    return { exit, code, message: `the service cannot be reached: ${what}`, remedy };
  }
  // What `fetch` throws when it got no answer, whatever is behind it.
  if (!isCaused(error) || error.name !== 'TypeError' || !isCaused(error.cause)) return undefined;
  const message = `the service cannot be reached: ${error.cause.message}`;
  return { exit: EXIT.unavailable, message, remedy: 'check the address' };
}
