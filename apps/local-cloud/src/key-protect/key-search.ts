import { type KeyRow } from '../journal/rows';
import { invalidQuery } from './kms.errors';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface KeySearch {
  readonly matches: (key: KeyRow) => boolean;
  /** What can be looked up without reading the names of all keys: an id, or an alias. */
  readonly direct: (key: KeyRow) => boolean;
}

/** `not:`, `exact:`, `alias:` and `name:` may stand before the text, in any order; `escape:` ends them. */
export function readSearch(text: string): KeySearch {
  const prefixes = new Set<string>();
  let rest = text;
  for (;;) {
    const prefix = /^(not|exact|alias|name|escape):/.exec(rest)?.[1];
    if (prefix === undefined) break;
    rest = rest.slice(prefix.length + 1);
    if (prefix === 'escape') break;
    prefixes.add(prefix);
  }
  if (rest === '') throw invalidQuery('search', 'a text after its prefixes');
  return build(rest.toLowerCase(), prefixes);
}

function build(wanted: string, prefixes: ReadonlySet<string>): KeySearch {
  const [negated, exact] = [prefixes.has('not'), prefixes.has('exact')];
  const inAlias = prefixes.has('alias') || !prefixes.has('name');
  const inName = prefixes.has('name') || !prefixes.has('alias');
  const hit = (text: string): boolean => (exact ? text.toLowerCase() === wanted : text.toLowerCase().includes(wanted));
  return {
    matches: (key) => {
      const found = (inName && hit(key.name)) || (inAlias && key.aliases.some(hit)) || key.id === wanted;
      return found !== negated;
    },
    direct: (key) =>
      !negated && ((UUID.test(wanted) && key.id === wanted) || (prefixes.has('alias') && key.aliases.some(hit))),
  };
}
