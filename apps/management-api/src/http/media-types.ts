/** Server-sent events: an answer that goes on. */
export const EVENT_STREAM = 'text/event-stream';

/** `application/json; charset=utf-8` without parameters, lower case; empty when there is no header. */
export const bareMediaType = (header: string | undefined): string =>
  (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/**
 * The offered type that `Accept` likes best, the first of several that it likes equally (RFC 9110 §12.5.1); undefined
 * when it allows none. No header allows everything.
 */
export function preferredType(header: string | undefined, offered: readonly string[]): string | undefined {
  const ranges = rangesOf(header === undefined || header.trim() === '' ? '*/*' : header);
  let best: { readonly type: string; readonly quality: number } | undefined;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type;
}

type Ranges = ReadonlyMap<string, number>;

function rangesOf(header: string): Ranges {
  return new Map(
    header.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice('q='.length);
      const quality = Number(weight ?? '1');
      return [type, Number.isNaN(quality) ? 0 : quality];
    }),
  );
}

/** The narrowest range that holds the type decides. */
const qualityOf = (type: string, ranges: Ranges): number =>
  ranges.get(type) ?? ranges.get(`${type.split('/')[0] ?? ''}/*`) ?? ranges.get('*/*') ?? 0;
