import { type Schemas } from '../../api/schema';

export type InventoryDocument = Schemas['InstanceInventoryPrototype'];

/** Why a text is no inventory. */
export type InventoryFault = 'no_json' | 'of_one_vcenter' | 'no_time' | 'no_source' | 'no_keys' | 'no_certificates';

/** What an inventory says of a client certificate: that its vCenter was looked at, or that it needs no key. */
export const COVERAGES = ['covered', 'without_keys'] as const;
export type Coverage = (typeof COVERAGES)[number];

/**
 * The document that the tenant API takes, or one key identifier a line with time and place beside it. What lies wrong in
 * it is said before it is sent; whether it is fresh enough, the service says.
 */
export function readInventory(
  text: string,
  given: { readonly takenAt: string; readonly source: string },
): InventoryDocument | InventoryFault {
  const read = text.trimStart().startsWith('{') ? parsed(text) : { key_ids: linesOf(text) };
  if (read === undefined) return 'no_json';
  // The whole answer of `kmip4v vcenter inventory`: which keys of it are of this instance that command works out.
  if (!('key_ids' in read) && 'references' in read) return 'of_one_vcenter';
  const { key_ids, taken_at = given.takenAt, source = given.source } = read as Partial<InventoryDocument>;
  if (!isTexts(key_ids)) return 'no_keys';
  const certificates = certificatesIn(read);
  if (certificates === undefined) return 'no_certificates';
  if (Number.isNaN(Date.parse(taken_at))) return 'no_time';
  if (source.trim() === '') return 'no_source';
  return {
    taken_at: new Date(taken_at).toISOString(),
    source: source.trim(),
    key_ids,
    ...certificates,
  };
}

type Certificates = Required<Pick<InventoryDocument, 'covered_certificates' | 'certificates_without_keys'>>;

function certificatesIn(read: Partial<InventoryDocument>): Certificates | undefined {
  const { covered_certificates = [], certificates_without_keys = [] } = read;
  if (!isTexts(covered_certificates) || !isTexts(certificates_without_keys)) return undefined;
  return { covered_certificates, certificates_without_keys };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** What the document says of a certificate by itself. */
export function coverageIn(document: InventoryDocument, fingerprint: string): Coverage | undefined {
  if (document.covered_certificates.includes(fingerprint)) return 'covered';
  return document.certificates_without_keys?.includes(fingerprint) === true ? 'without_keys' : undefined;
}

/**
 * The document with what was chosen beside it, which takes the place of what it says of the same certificate.
 * @param removed fingerprints of certificates that were looked at and are registered no more, in any writing
 */
export function withCertificates(
  document: InventoryDocument,
  said: ReadonlyMap<string, Coverage | undefined>,
  removed: string,
): InventoryDocument {
  const { covered_certificates: covered, certificates_without_keys: without = [] } = document;
  const chosen = (coverage: Coverage): readonly string[] =>
    Array.from(said).flatMap(([fingerprint, one]) => (one === coverage ? [fingerprint] : []));
  const unsaid = (fingerprints: readonly string[]): readonly string[] =>
    fingerprints.filter((fingerprint) => !said.has(fingerprint));
  const further = linesOf(removed).map((one) => one.replaceAll(':', '').toLowerCase());
  return {
    ...document,
    covered_certificates: [...unsaid(covered), ...chosen('covered'), ...further],
    certificates_without_keys: [...unsaid(without), ...chosen('without_keys')],
  };
}

const linesOf = (text: string): readonly string[] =>
  text
    .split(/\s+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
