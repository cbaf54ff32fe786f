/** A secret under a name that may be told. */
export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
}

export const textCanary = (name: string, text: string): Canary => ({ name, bytes: Buffer.from(text) });

/** Lines of a PEM body: what of it is long enough to mean anything. */
export const pemCanaries = (name: string, pem: string): Canary[] => {
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  return [
    ...lines.filter((line) => line.length >= 48).map((line) => textCanary(name, line)),
    { name, bytes: Buffer.from(lines.join(''), 'base64') },
  ];
};

interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/**
 * Base64 of something in the middle of something else begins at one of three places in a group of four characters;
 * what its neighbours have a share in is left out.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = shift === 0 ? 0 : shift + 1;
    return text.slice(from, (shift + bytes.length) % 3 === 0 ? undefined : -1);
  });
}

function needlesOf({ name, bytes }: Canary): Needle[] {
  const hex = bytes.toString('hex');
  const base64 = base64Forms(bytes);
  const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const forms: Readonly<Record<string, readonly (string | Buffer)[]>> = {
    raw: [bytes],
    hex: [hex, hex.toUpperCase()],
    base64,
    base64url: base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    url: [
      encodeURIComponent(bytes.toString('latin1')),
      escaped,
      escaped.toUpperCase(),
      encodeURIComponent(base64[0] ?? ''),
    ],
    json: [JSON.stringify(bytes.toString('latin1')).slice(1, -1), [...bytes].join(',')],
  };
  return Object.entries(forms).flatMap(([form, values]) =>
    values.map((value) => ({ name, form, bytes: Buffer.isBuffer(value) ? value : Buffer.from(value) })),
  );
}

/** Searches for secrets in every form in which they come out of software that did not mean to. */
export class CanarySearch {
  readonly #needles: readonly Needle[];
  #searchedBytes = 0;

  constructor(canaries: readonly Canary[]) {
    const short = canaries.filter(({ bytes }) => bytes.length < 12);
    if (short.length > 0) throw new Error(`too short to search for: ${short.map(({ name }) => name).join()}`);
    this.#needles = canaries.flatMap(needlesOf);
  }

  /** How much was looked through, since nothing is found in nothing. */
  get searchedBytes(): number {
    return this.#searchedBytes;
  }

  /** @returns which secret in which form, never the secret */
  in(place: string, content: Buffer | string): readonly string[] {
    const haystack = Buffer.isBuffer(content) ? content : Buffer.from(content);
    this.#searchedBytes += haystack.length;
    const found = this.#needles.filter(({ bytes }) => haystack.includes(bytes));
    return [...new Set(found.map(({ name, form }) => `${name} as ${form} in ${place}`))];
  }
}
