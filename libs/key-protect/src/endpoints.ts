import { DomainError, isUuid } from '@lib/kernel';

export type KeyManagerKind = 'key_protect' | 'hpcs';
export type Network = 'public' | 'private';

/**
 * One form of address that key managers may have. `{region}`, `{instance}` (the instance's GUID) and `{port}`
 * (HPCS, 8000 to 19999) are the only parts that vary.
 */
export interface EndpointTemplate {
  readonly kind: KeyManagerKind;
  readonly network: Network;
  readonly url: string;
}

/** The addresses IBM publishes. The first form of a kind and network is the one that is built. */
export const IBM_CLOUD_ENDPOINTS: readonly EndpointTemplate[] = [
  { kind: 'key_protect', network: 'public', url: 'https://{region}.kms.cloud.ibm.com' },
  { kind: 'key_protect', network: 'private', url: 'https://private.{region}.kms.cloud.ibm.com' },
  { kind: 'key_protect', network: 'public', url: 'https://{instance}.api.{region}.kms.appdomain.cloud' },
  { kind: 'key_protect', network: 'private', url: 'https://{instance}.api.private.{region}.kms.appdomain.cloud' },
  { kind: 'hpcs', network: 'public', url: 'https://{instance}.api.{region}.hs-crypto.appdomain.cloud' },
  { kind: 'hpcs', network: 'private', url: 'https://{instance}.api.private.{region}.hs-crypto.appdomain.cloud' },
  { kind: 'hpcs', network: 'public', url: 'https://api.{region}.hs-crypto.cloud.ibm.com:{port}' },
  { kind: 'hpcs', network: 'private', url: 'https://api.private.{region}.hs-crypto.cloud.ibm.com:{port}' },
];

export const KEY_MANAGER_REGIONS: readonly string[] = [
  'us-south',
  'us-east',
  'eu-gb',
  'eu-de',
  'eu-es',
  'au-syd',
  'jp-tok',
  'jp-osa',
  'ca-tor',
  'ca-mon',
  'br-sao',
  'in-che',
  'in-mum',
];

export class EndpointError extends DomainError {
  constructor(
    readonly code: 'key_manager_region_unknown' | 'key_manager_endpoint_refused' | 'key_manager_instance_malformed',
    message: string,
  ) {
    super(message);
  }
}

export interface EndpointChoice {
  readonly kind: KeyManagerKind;
  readonly network: Network;
  readonly region: string;
  readonly instanceGuid: string;
}

const LOWEST_PORT = 8_000;
const HIGHEST_PORT = 19_999;

/**
 * The only source of key-manager addresses. A tenant's credential and keys travel to what this returns, so an address
 * is built from listed parts, or accepted because it equals, character by character, one that could have been built.
 * No URL parser is asked: parsers disagree, and their disagreements are how such lists are passed.
 */
export class EndpointAllowList {
  constructor(
    private readonly templates: readonly EndpointTemplate[] = IBM_CLOUD_ENDPOINTS,
    private readonly regions: readonly string[] = KEY_MANAGER_REGIONS,
  ) {}

  /** @throws EndpointError */
  build(choice: EndpointChoice): string {
    this.#check(choice);
    const template = this.#formsFor(choice).find(({ url }) => !url.includes('{port}'));
    if (template === undefined) {
      throw new EndpointError(
        'key_manager_endpoint_refused',
        `there is no ${choice.network} address for ${choice.kind} that can be built; it must be read from the instance`,
      );
    }
    return fill(template.url, choice);
  }

  /**
   * An address read from the resource controller's record of the instance.
   * @throws EndpointError unless it is one of the published forms for exactly this instance and region
   */
  accept(choice: EndpointChoice, address: string): string {
    this.#check(choice);
    const bare = address.endsWith('/') ? address.slice(0, -1) : address;
    if (this.#formsFor(choice).some((template) => matches(fill(template.url, choice), bare))) return bare;
    throw new EndpointError(
      'key_manager_endpoint_refused',
      'the address is not one that a key manager of this kind, region and instance can have',
    );
  }

  #formsFor({ kind, network }: EndpointChoice): readonly EndpointTemplate[] {
    return this.templates.filter((template) => template.kind === kind && template.network === network);
  }

  #check({ region, instanceGuid }: EndpointChoice): void {
    if (!this.regions.includes(region)) {
      throw new EndpointError('key_manager_region_unknown', 'the region is not one that key managers are in');
    }
    if (!isUuid(instanceGuid)) {
      throw new EndpointError('key_manager_instance_malformed', 'the instance id must be a lower-case UUID');
    }
  }
}

const fill = (url: string, { region, instanceGuid }: EndpointChoice): string =>
  url.replaceAll('{region}', region).replaceAll('{instance}', instanceGuid);

/** Equal, save for a port where the form leaves one open. */
function matches(form: string, address: string): boolean {
  const [before, after] = form.split('{port}');
  if (before === undefined || after === undefined) return form === address;
  if (!address.startsWith(before) || !address.endsWith(after)) return false;
  const port = address.slice(before.length, address.length - after.length);
  return /^[1-9]\d{3,4}$/.test(port) && Number(port) >= LOWEST_PORT && Number(port) <= HIGHEST_PORT;
}
