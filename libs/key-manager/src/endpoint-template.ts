export type EndpointVisibility = 'public' | 'private';

/**
 * Forms of address of a kind of key manager, the one that is built first in front. `{region}` stands for a region of
 * the list, `{instance}` for the id of a key-manager instance, `{port}` for 8000 to 19999.
 */
export interface EndpointTemplates {
  readonly templates: Readonly<Partial<Record<EndpointVisibility, readonly string[]>>>;
  readonly regions: readonly string[];
}

const LOWEST_PORT = 8_000;
const HIGHEST_PORT = 19_999;

/** A form with region and instance filled in; `{port}` stays. */
export const fillTemplate = (
  template: string,
  { region, instance }: { readonly region: string; readonly instance: string },
): string => template.replaceAll('{region}', region).replaceAll('{instance}', instance);

/**
 * Whether an address equals the filled form, character by character, save for a port where the form leaves one open.
 * No URL parser is asked: parsers disagree, and their disagreements are how such lists are passed.
 */
export function fitsTemplate(form: string, address: string): boolean {
  const [before, after] = form.split('{port}');
  if (before === undefined || after === undefined) return form === address;
  if (!address.startsWith(before) || !address.endsWith(after)) return false;
  const port = address.slice(before.length, address.length - after.length);
  return /^[1-9]\d{3,4}$/.test(port) && Number(port) >= LOWEST_PORT && Number(port) <= HIGHEST_PORT;
}
