import { withoutBlanks } from '@lib/kernel';

/** Room for one certificate with everything that tools print around it; keeps parsers away from megabytes. */
const MAXIMUM_CHARACTERS = 32 * 1024;

/** The first label of each is the one to write; the others are met in practice (RFC 7468 §4, §5.1, §7). */
const LABELS = {
  certificate: ['CERTIFICATE', 'X509 CERTIFICATE', 'X.509 CERTIFICATE'],
  'certificate signing request': ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'],
} as const;

/** Other forms that tools hand out, and what gets a certificate out of them. */
const WAYS_OUT = new Map([
  ['PKCS7', 'openssl pkcs7 -print_certs'],
  ['PKCS #7 SIGNED DATA', 'openssl pkcs7 -print_certs'],
  ['CMS', 'openssl pkcs7 -print_certs'],
  ['TRUSTED CERTIFICATE', 'openssl x509'],
]);

export type PemContent = keyof typeof LABELS;

/** Why a text was not taken. */
export type PemFault = 'malformed' | 'not_single' | 'private_key_included' | 'too_large';

const BOUNDARY = /-----BEGIN ([A-Z0-9.# ]{1,64})-----/g;
/** As JSON and environment files write line ends; base64 has no such characters. */
const ESCAPED_LINE_END = /\\[rn]/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * DER of the one certificate or request in a text as people have it. Whatever stands around the block is ignored (RFC
 * 7468 §2): comments, `subject=` lines, Bag Attributes, the output of `openssl x509 -text`; so are byte order mark, line
 * ends of any kind, indentation and blank lines. A private key or a second block is refused wherever it stands.
 * @throws what `refuse` makes of a fault
 */
export function singlePemBlock(
  text: string,
  content: PemContent,
  refuse: (fault: PemFault, message: string) => Error,
): Buffer {
  if (text.length > MAXIMUM_CHARACTERS) throw refuse('too_large', `The text is too long for a single ${content}.`);
  const blocks = [...text.matchAll(BOUNDARY)].map(({ 1: label = '', index, 0: { length } }) => ({
    label,
    from: index + length,
  }));
  if (blocks.some(({ label }) => label.includes('PRIVATE KEY'))) {
    throw refuse(
      'private_key_included',
      `The text holds a private key. Hand in the ${content} alone, and treat that key as disclosed.`,
    );
  }
  const [block, second] = blocks;
  if (second !== undefined) {
    throw refuse(
      'not_single',
      `The text holds more than one PEM block. Hand in the ${content} alone, without a chain or anything else.`,
    );
  }
  const label = LABELS[content].find((known) => known === block?.label);
  if (block === undefined || label === undefined) throw refuse('malformed', notHere(content, block?.label));
  const to = text.indexOf(`-----END ${label}-----`, block.from);
  const body = withoutBlanks(text.slice(block.from, to).replaceAll(ESCAPED_LINE_END, ''));
  if (to < 0 || body.length % 4 !== 0 || !BASE64.test(body)) {
    throw refuse(
      'malformed',
      `The ${content} is damaged: between -----BEGIN ${label}----- and -----END ${label}----- stands something other than whole base64.`,
    );
  }
  return Buffer.from(body, 'base64');
}

function notHere(content: PemContent, found: string | undefined): string {
  const wanted = `-----BEGIN ${LABELS[content][0]}-----`;
  const other = Object.entries(LABELS).find(([, labels]) => labels.some((label) => label === found))?.[0];
  if (other !== undefined) return `The text holds a ${other} where a ${content} belongs.`;
  const way = content === 'certificate' && found !== undefined ? WAYS_OUT.get(found) : undefined;
  if (way !== undefined)
    return `The text holds a block ${found} where a ${content} belongs. \`${way}\` takes it out of that.`;
  return `The text holds no ${content} in PEM: ${wanted} is missing. A binary file is made PEM by \`openssl\` with \`-inform der\`.`;
}

/** Every CERTIFICATE block of a file that may hold a chain, leaf first. */
export function certificateBlocks(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
