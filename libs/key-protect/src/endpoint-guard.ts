import { isUuid } from '@lib/kernel';
import { ADDRESS_NOT_ALLOWED, KeyManagerError } from '@lib/key-manager';

export interface AllowedEndpoints {
  /**
   * Forms of address, e.g. `https://{region}.kms.cloud.ibm.com`. `{region}` stands for a listed region, `{instance}`
   * for the GUID of the instance that is called, `{port}` for 8000 to 19999 (older HPCS instances).
   */
  readonly templates: readonly string[];
  readonly regions: readonly string[];
}

const LOWEST_PORT = 8_000;
const HIGHEST_PORT = 19_999;

/**
 * The last look at an address before a tenant's token goes there. Addresses are built or checked when a root key is
 * bound; this one stands where they are used, so that a changed row in the database cannot send a token elsewhere.
 * An address is allowed when it equals, character by character, one that a form can give. No URL parser is asked:
 * parsers disagree, and their disagreements are how such lists are passed.
 */
export class EndpointGuard {
  readonly #forms: readonly string[];

  constructor({ templates, regions }: AllowedEndpoints) {
    this.#forms = [
      ...new Set(templates.flatMap((template) => regions.map((region) => template.replaceAll('{region}', region)))),
    ];
  }

  /** @throws KeyManagerError `refused` */
  check(address: string, instanceGuid: string): void {
    const possible = isUuid(instanceGuid) ? this.#forms : [];
    if (!possible.some((form) => matches(form.replaceAll('{instance}', instanceGuid), address))) {
      throw new KeyManagerError('refused', 'the address of the key manager is not one that this gateway may call', {
        certainlyNotDone: true,
        reasonCode: ADDRESS_NOT_ALLOWED,
      });
    }
  }
}

/** Equal, save for a port where the form leaves one open. */
function matches(form: string, address: string): boolean {
  const [before, after] = form.split('{port}');
  if (before === undefined || after === undefined) return form === address;
  if (!address.startsWith(before) || !address.endsWith(after)) return false;
  const port = address.slice(before.length, address.length - after.length);
  return /^[1-9]\d{3,4}$/.test(port) && Number(port) >= LOWEST_PORT && Number(port) <= HIGHEST_PORT;
}
