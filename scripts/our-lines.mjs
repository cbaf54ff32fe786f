const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Uint8Array(128);
for (let value = 0; value < DIGITS.length; value += 1) VALUES[DIGITS.charCodeAt(value)] = value;

/** What the bundler adds has no source. */
const OURS = /^(?:\.\.\/)+(?:apps|libs|migrations)\//;

/** A "Base64 VLQ" of ECMA-426: the lowest bit is the sign, and each digit carries five bits and whether another one follows. */
function encoded(number) {
  let text = '';
  for (let rest = number < 0 ? (-number << 1) | 1 : number << 1; ; rest >>= 5) {
    if (rest < 32) return text + DIGITS[rest];
    text += DIGITS[(rest & 31) | 32];
  }
}

/** Fields 1 to 3 of a segment are source, line and column, each as its difference to the segment before. @returns how many it has */
function addTo(position, segment) {
  let [field, number, shift] = [0, 0, 0];
  for (let index = 0; index < segment.length; index += 1) {
    const digit = VALUES[segment.charCodeAt(index)];
    number |= (digit & 31) << shift;
    shift += 5;
    if (digit < 32) {
      position[field] += number & 1 ? -(number >> 1) : number >> 1;
      [number, shift] = [0, 0];
      field += 1;
    }
  }
  return field;
}

/**
 * Of a source map, our lines and nothing finer. Node keeps it in memory and takes all of it apart at the first stack trace:
 * with columns and names it has ten times as many entries, and each costs some hundred bytes.
 */
export function ourLines({ version, sources, mappings }) {
  const kept = sources.filter((source) => OURS.test(source));
  const numbers = sources.map((source) => kept.indexOf(source));
  const position = [0, 0, 0, 0, 0];
  let [lastNumber, lastLine, wasOurs] = [0, 0, false];
  const lines = mappings.split(';').map((line) => {
    let first;
    for (const segment of line.split(',')) {
      if (addTo(position, segment) > 1) first ??= { number: numbers[position[1]], line: position[2] };
    }
    if (first === undefined || first.number === -1) {
      // A segment without a source ends what was said before.
      const end = wasOurs ? 'A' : '';
      wasOurs = false;
      return end;
    }
    const differences = [0, first.number - lastNumber, first.line - lastLine, 0];
    [lastNumber, lastLine, wasOurs] = [first.number, first.line, true];
    return differences.map(encoded).join('');
  });
  return { version, sources: kept, names: [], mappings: lines.join(';') };
}
