import { colonForm } from '@lib/pki';

import { type KmipEndpoint } from '../instances/kmip-endpoint';

export interface Explanation {
  readonly message: string;
  readonly remedy: string;
}

/** What each verdict means, and what to do: the closed list that gateways report with. The same is in docs/errors.md. */
export const VERDICTS: Readonly<Record<string, Explanation>> = {
  accepted: { message: 'The client was let in.', remedy: 'Nothing to do.' },

  no_certificate: {
    message: 'The client presented no certificate.',
    remedy: 'Establish trust in vCenter: choose or make the client certificate of the key provider.',
  },
  allow_list_outdated: {
    message: 'The endpoint could not read the list of allowed certificates for 30 seconds, and served nobody.',
    remedy: 'Nothing to do: it serves again by itself. If it lasts, report it to the operator.',
  },
  certificate_unknown: {
    message: 'The certificate is not on the list of allowed certificates.',
    remedy: 'Add the certificate: paste what vCenter shows, or adopt it from a connection attempt.',
  },
  certificate_expired: {
    message: 'The certificate has expired.',
    remedy: 'Make a new certificate in vCenter and add it; both may be allowed side by side.',
  },
  certificate_not_yet_valid: {
    message: 'The certificate is not valid yet, by more than the five minutes that clocks may differ.',
    remedy: 'Check the clock of the client; otherwise wait until the certificate is valid.',
  },
  instance_disabled: {
    message: 'The instance is disabled in IBM Cloud.',
    remedy: 'Enable it there; no key was deleted.',
  },
  credential_wrong: {
    message: 'The request carried a KMIP user name of the instance with a password that is not one of its passwords.',
    remedy: 'Enter a valid password of the instance in vCenter, or clear both fields.',
  },
  credential_foreign: {
    message: 'The request carried a credential that this service did not issue for the instance.',
    remedy:
      'Clear user name and password in vCenter, or enter those of the instance. While its credential policy is `ignore`, clients are served all the same.',
  },
  certificate_unproven: {
    message: 'No key was made: several instances register the certificate, and nothing shows whose it is.',
    remedy: 'Issue a KMIP password for the instance and enter it with the user name in vCenter: that proves it.',
  },
  proof_required: {
    message: 'No key was made: the operator demands proof that the certificate is yours before keys are made with it.',
    remedy: 'Issue a KMIP password for the instance and enter it with the user name in vCenter: that proves it.',
  },
  registration_not_serving: {
    message: 'No key was made: the instance whose certificate this is known to be does not serve it at the moment.',
    remedy:
      'Enable that instance, or register the certificate there again. To use it in another one, prove it there or have it handed over.',
  },
  instance_removing: { message: 'The instance is being removed.', remedy: 'Use another instance.' },

  server_certificate_distrusted: {
    message: 'The client does not trust the certificate of the KMIP server and ended the handshake.',
    remedy: 'Make vCenter trust the KMIP server again; before that, compare the fingerprint that vCenter shows.',
  },
  client_certificate_unusable: {
    message: 'The client certificate, or the proof that its key is there, cannot be used.',
    remedy: 'Make a new client certificate with an RSA key of 2048 to 8192 bits, or on P-256, P-384 or P-521.',
  },
  plain_http: {
    message: 'The client spoke HTTP without TLS to the KMIP port.',
    remedy: 'The KMIP port speaks KMIP over TLS: enter its address as a KMIP server, and in no browser or proxy.',
  },
  not_tls: {
    message: 'The client sent something other than TLS.',
    remedy: 'Let the client use TLS 1.2 or 1.3; check that no proxy or balancer speaks in its place.',
  },
  unsupported_version: {
    message: 'The client offers no TLS version of this server, which speaks TLS 1.2 and 1.3.',
    remedy: 'Switch TLS 1.2 on in the client, or update it.',
  },
  no_shared_cipher: {
    message: 'Client and server have no cipher, curve or signature algorithm in common.',
    remedy: 'Allow ECDHE with AES-GCM in the client; older clients may use RSA with AES-CBC-SHA256.',
  },
  rejected_by_peer: {
    message: 'The client ended the handshake by an alert that names no certificate.',
    remedy: "Read the client's log of that time; check its TLS settings.",
  },
  timeout: {
    message: 'The client connected and did not finish the handshake in time.',
    remedy: 'Check the network between client and endpoint: firewalls that inspect TLS, packet loss, MTU.',
  },

  connections: {
    message: 'The endpoint has as many connections as it may have.',
    remedy: 'Wait, or use another endpoint; tell the operator if it lasts.',
  },
  half_open: {
    message: 'The endpoint has too many connections that have not finished their handshake.',
    remedy: 'Wait, or use another endpoint; tell the operator if it lasts.',
  },
  half_open_per_address: {
    message: 'Too many connections from this address have not finished their handshake.',
    remedy: 'Look for a client or scanner behind this address that connects and says nothing.',
  },
  strangers: {
    message: 'The endpoint has too many connections of clients that it does not know.',
    remedy: 'Add the certificate of the client; known clients have places of their own.',
  },
  strangers_per_address: {
    message: 'Too many connections from this address belong to clients that are not known.',
    remedy: 'Add the certificate of the client; known clients have places of their own.',
  },
  connections_per_certificate: {
    message: 'Clients with this certificate have as many connections as they may have.',
    remedy: 'Look for a client that leaves connections open; give each client a certificate of its own.',
  },
  connections_per_owner: {
    message: 'The clients of the instance have as many connections as they may have.',
    remedy: 'Look for a client that leaves connections open.',
  },
  connections_per_account: {
    message: 'The clients of all instances of the account have as many connections as they may have.',
    remedy: 'Look for a client that leaves connections open, in the other instances too.',
  },
};

const OTHER: Explanation = {
  message: 'The connection ended before a KMIP request was served.',
  remedy: 'Check TLS version, ciphers and the network between client and endpoint.',
};

/** @param endpoints of the region: their certificates are named to who is to compare them */
export function explain(verdict: string, endpoint: string, endpoints: readonly KmipEndpoint[]): Explanation {
  const known = VERDICTS[verdict] ?? OTHER;
  if (verdict !== 'server_certificate_distrusted') return known;
  const ours = fingerprintsOf(endpoints.filter(({ name }) => name === endpoint));
  const shown = ours.length > 0 ? ours : fingerprintsOf(endpoints);
  return shown.length === 0 ? known : { ...known, remedy: `${known.remedy} Ours: ${shown.join(', or ')}.` };
}

/** Of a few certificates at most: more would be compared by nobody. */
function fingerprintsOf(endpoints: readonly KmipEndpoint[]): readonly string[] {
  const texts = endpoints.flatMap(({ certificate }) => {
    if (certificate === undefined) return [];
    const { sha1Fingerprint, fingerprint } = certificate.description;
    return [`SHA-1 ${colonForm(sha1Fingerprint)} (SHA-256 ${colonForm(fingerprint)})`];
  });
  return [...new Set(texts)].slice(0, 3);
}
