/** Numbers that readers stumble over, as bytes of every width. */
const EDGES = [
  '00',
  '01',
  '7f',
  '80',
  'ff',
  '0000',
  'ffff',
  '00000000',
  '7fffffff',
  '80000000',
  'ffffffff',
  '00000008',
];
const TEXTS = ['"', '{', '[', '\\u0000', '__proto__', ':', '-----BEGIN ', '-----END ', 'CERTIFICATE-----', '\n', '=='];
const PIECES = [...EDGES.map((hex) => Buffer.from(hex, 'hex')), ...TEXTS.map((text) => Buffer.from(text))];
const LONGEST = 8_192;

/** The same numbers after the same seed, so that a finding can be found again (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One to eight small changes of a copy; now and then the tail of another input behind its head. */
export function mutate(input: Buffer, other: Buffer, random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + random(8); changes > 0; changes -= 1) bytes = changeOnce(bytes, other, random);
  return bytes.subarray(0, LONGEST);
}

function changeOnce(bytes: Buffer, other: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length + 1);
  const length = random(Math.min(64, bytes.length - at) + 1);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  const piece = PIECES[random(PIECES.length)] ?? Buffer.alloc(0);
  switch (random(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random(256);
      return bytes;
    case 2:
      return Buffer.concat([head, tail.subarray(length)]);
    case 3:
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case 4:
      return Buffer.concat([head, piece, tail]);
    case 5:
      return Buffer.concat([head, piece, tail.subarray(piece.length)]);
    case 6:
      return Buffer.concat([head, other.subarray(random(other.length + 1))]);
    default:
      return Buffer.from(head);
  }
}
