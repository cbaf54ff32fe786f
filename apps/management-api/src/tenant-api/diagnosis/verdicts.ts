/** What each verdict means, and what to do: the closed list that gateways report with. */
export const VERDICTS: Readonly<Record<string, { readonly message: string; readonly remedy: string }>> = {
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
    remedy: 'Add the certificate, or adopt it from this attempt.',
  },
  certificate_expired: {
    message: 'The certificate has expired.',
    remedy: 'Make a new certificate in vCenter and add it; both may be allowed side by side.',
  },
  certificate_not_yet_valid: {
    message: 'The certificate is not valid yet.',
    remedy: 'Check the clock of the client; otherwise wait until the certificate is valid.',
  },
  instance_disabled: {
    message: 'The instance is disabled in IBM Cloud.',
    remedy: 'Enable it there; no key was deleted.',
  },
  instance_removing: { message: 'The instance is being removed.', remedy: 'Use another instance.' },
};

const OTHER = {
  message: 'The connection ended before a KMIP request was served.',
  remedy: 'Check TLS version, ciphers and the network between client and endpoint.',
};

export const explain = (verdict: string): { readonly message: string; readonly remedy: string } =>
  VERDICTS[verdict] ?? OTHER;
