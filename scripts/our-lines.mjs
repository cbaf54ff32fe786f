import { decode, encode } from '@jridgewell/sourcemap-codec';

/** What the bundler adds has no source. */
const OURS = /^(?:\.\.\/)+(?:apps|libs|migrations)\//;

/**
 * Of a source map, our lines and nothing finer. Node keeps it in memory and takes all of it apart at the first stack trace:
 * with columns and names it has ten times as many entries, and each costs some hundred bytes.
 */
export function ourLines({ version, sources, mappings }) {
  const kept = sources.filter((source) => OURS.test(source));
  const numbers = sources.map((source) => kept.indexOf(source));
  let wasOurs = false;
  const lines = decode(mappings).map((segments) => {
    const [, source, line] = segments.find(({ length }) => length > 1) ?? [];
    const number = source === undefined ? -1 : numbers[source];
    const isOurs = number !== -1;
    // A segment without a source ends what was said before.
    const end = wasOurs && !isOurs ? [[0]] : [];
    wasOurs = isOurs;
    return isOurs ? [[0, number, line, 0]] : end;
  });
  return { version, sources: kept, names: [], mappings: encode(lines) };
}
