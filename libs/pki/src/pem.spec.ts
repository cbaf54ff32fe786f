import { anyCharacter } from '@lib/testing';
import * as fc from 'fast-check';

import { type PemContent, type PemFault, singlePemBlock } from './pem';

const DER = Buffer.from(Array.from({ length: 150 }, (_, index) => index));

const wrapped = (label: string, der = DER): string =>
  [`-----BEGIN ${label}-----`, ...(der.toString('base64').match(/.{1,64}/g) ?? []), `-----END ${label}-----`, ''].join(
    '\n',
  );

class Refusal extends Error {
  constructor(
    readonly fault: PemFault,
    message: string,
  ) {
    super(message);
  }
}

const read = (text: string, content: PemContent): Buffer =>
  singlePemBlock(text, content, (fault, message) => new Refusal(fault, message));

function refusalOf(text: string, content: PemContent): Refusal | undefined {
  try {
    read(text, content);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

const labels: readonly (readonly [PemContent, string])[] = [
  ['certificate', 'CERTIFICATE'],
  ['certificate', 'X509 CERTIFICATE'],
  ['certificate signing request', 'CERTIFICATE REQUEST'],
  ['certificate signing request', 'NEW CERTIFICATE REQUEST'],
];

const OPENSSL_TEXT = `Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number:
            1f:9e:f1
        Signature Algorithm: ecdsa-with-SHA256
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                Modulus:
                    00:c1:9a:77:0e
`;

/** What tools, editors, mail and hands do to a PEM text. */
const asPeopleHaveIt: readonly (readonly [string, (pem: string) => string])[] = [
  ['as it was written', (pem) => pem],
  ['without the last line end', (pem) => pem.trimEnd()],
  ['byte order mark', (pem) => `\ufeff${pem}`],
  ['line ends of Windows', (pem) => pem.replaceAll('\n', '\r\n')],
  ['line ends of an old Mac', (pem) => pem.replaceAll('\n', '\r')],
  ['blank lines', (pem) => pem.replaceAll('\n', '\n\n')],
  ['blank lines with blanks', (pem) => pem.replaceAll('\n', ' \t\r\n \r\n')],
  ['indentation, as in YAML', (pem) => `certificate: |\n${pem.replaceAll(/^/gm, '    ')}`],
  ['all in one line', (pem) => pem.replaceAll('\n', '')],
  ['all in one line, blanks for line ends', (pem) => pem.replaceAll('\n', ' ')],
  ['no-break spaces and marks of a web page', (pem) => pem.replaceAll('\n', '\u00a0\n\u200b')],
  ['line ends as JSON and environment files write them', (pem) => pem.replaceAll('\n', String.raw`\n`)],
  ['those of Windows', (pem) => pem.replaceAll('\n', String.raw`\r\n`)],
  ['quotes', (pem) => `"${pem.trim()}"`],
  ['subject and issuer, as s_client prints', (pem) => `subject=CN = vc\nissuer=CN = ca\n${pem}---\n`],
  ['Bag Attributes of a PKCS #12 file', (pem) => `Bag Attributes\n    localKeyID: 01 0A\nsubject=CN = vc\n\n${pem}`],
  ['output of openssl -text', (pem) => OPENSSL_TEXT + pem],
  ['comments around', (pem) => `# vCenter of Berlin -- do not lose\n${pem}# end\n`],
  ['text in the line of the boundary', (pem) => `cert: ${pem.trim()} (of today)`],
];

describe.each(labels)('one %s in PEM, written as %s', (content, label) => {
  it.each(asPeopleHaveIt)('is read: %s', (_name, change) => {
    expect(read(change(wrapped(label)), content)).toEqual(DER);
  });

  it('is read whatever text stands around it', () => {
    const around = fc.string({ unit: anyCharacter, maxLength: 200 }).filter((text) => !text.includes('-----'));
    fc.assert(
      fc.property(around, around, (before, behind) => {
        expect(read(`${before}\n${wrapped(label)}\n${behind}`, content)).toEqual(DER);
      }),
    );
  });

  it.each<[string, PemFault, string, RegExp]>([
    ['nothing', 'malformed', '', /holds no .* in PEM/],
    ['prose', 'malformed', 'hello', /holds no .* in PEM/],
    ['base64 without boundaries', 'malformed', DER.toString('base64'), /BEGIN .* is missing/],
    ['two of them', 'not_single', wrapped(label) + wrapped(label), /more than one PEM block/],
    ['another block', 'not_single', wrapped('EC PARAMETERS') + wrapped(label), /more than one PEM block/],
    ['another block alone', 'malformed', wrapped('X509 CRL'), /holds no .* in PEM/],
    ['a cut end', 'malformed', wrapped(label).slice(0, -10), /damaged/],
    ['another end', 'malformed', wrapped(label).replace(`END ${label}`, 'END PKCS7'), /damaged/],
    ['a missing character', 'malformed', wrapped(label).replace('AAEC', 'AAE'), /damaged/],
    ['characters outside base64', 'malformed', wrapped(label).replace('AAEC', 'A*EC'), /damaged/],
    ['an empty block', 'malformed', wrapped(label, Buffer.alloc(0)), /damaged/],
    ['a megabyte', 'too_large', wrapped(label) + ' '.repeat(1024 * 1024), /too long/],
  ])('is refused with %s', (_name, fault, text, message) => {
    expect(refusalOf(text, content)).toMatchObject({ fault, message: expect.stringMatching(message) as string });
  });

  it.each(['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY'])(
    'is refused with a %s before, behind or instead',
    (keyLabel) => {
      const [own, key] = [wrapped(label), wrapped(keyLabel)];
      for (const text of [own + key, key + own, key, key.slice(0, 60), own + key + own]) {
        expect(refusalOf(text, content)?.fault).toBe('private_key_included');
      }
    },
  );

  it('is never quoted in a refusal', () => {
    const message = refusalOf(`correct-horse\n${wrapped(label)}${wrapped('PRIVATE KEY')}`, content)?.message;
    expect(message).not.toContain('correct-horse');
    expect(message).not.toContain(DER.toString('base64').slice(0, 8));
  });
});

it('tells one kind that stands where the other belongs', () => {
  expect(refusalOf(wrapped('CERTIFICATE REQUEST'), 'certificate')?.message).toBe(
    'The text holds a certificate signing request where a certificate belongs.',
  );
  expect(refusalOf(wrapped('CERTIFICATE'), 'certificate signing request')?.message).toBe(
    'The text holds a certificate where a certificate signing request belongs.',
  );
});

it.each([
  ['PKCS7', 'openssl pkcs7 -print_certs'],
  ['PKCS #7 SIGNED DATA', 'openssl pkcs7 -print_certs'],
  ['TRUSTED CERTIFICATE', 'openssl x509'],
])('tells how to get a certificate out of a block %s', (label, way) => {
  expect(refusalOf(wrapped(label), 'certificate')?.message).toBe(
    `The text holds a block ${label} where a certificate belongs. \`${way}\` takes it out of that.`,
  );
  expect(refusalOf(wrapped(label), 'certificate signing request')?.message).toMatch(
    /BEGIN CERTIFICATE REQUEST.* missing/,
  );
});
