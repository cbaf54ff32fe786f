/** What a text holds that somebody pasted or dropped. */
export type PemKind = 'certificate' | 'request' | 'private_key' | 'several' | 'none';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Looked at before anything is sent: a private key that was pasted by mistake never leaves the browser. */
export function pemKindOf(text: string): PemKind {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) return 'private_key';
  const labels = Array.from(text.matchAll(BLOCK), ([, label]) => label);
  if (labels.length > 1) return 'several';
  switch (labels[0]) {
    case 'CERTIFICATE':
      return 'certificate';
    case 'CERTIFICATE REQUEST':
    case 'NEW CERTIFICATE REQUEST':
      return 'request';
    default:
      return 'none';
  }
}
