import { isUuid } from '@lib/kernel';
import {
  type EndpointVisibility,
  fillTemplate,
  fitsTemplate,
  type KeyManagerLocation,
  type KeyManagerProfile,
} from '@lib/key-manager';

import { parseInstanceCrn } from './crn';
import { TenancyError } from './tenancy.error';

/** What is known of each kind of key manager. */
export type KeyManagerProfiles = Readonly<Record<string, KeyManagerProfile>>;

interface Located {
  readonly profile: KeyManagerProfile;
  readonly location: KeyManagerLocation;
}

/**
 * Decides which key managers we talk to with a tenant's credential, and at which address. An address never comes from a
 * request: it is built from the name of the key manager, or was read from the resource instance and must then fit a form
 * exactly. Anything else would let a tenant point us at our own network (server-side request forgery).
 */
export class EndpointPolicy {
  constructor(private readonly profiles: KeyManagerProfiles) {}

  /** @throws TenancyError('invalid_crn') for anything but a key manager we know */
  kindOf(name: string): string {
    return this.locate(name).profile.kind;
  }

  /**
   * Every address that follows from the name of a key-manager instance, the usual one first: a name does not tell
   * whether an instance is on the host of its region or, as Key Protect Dedicated is, on one of its own.
   * @throws TenancyError('invalid_crn', 'endpoint_not_allowed')
   */
  addresses(name: string, visibility: EndpointVisibility): readonly [string, ...string[]] {
    const { profile, location } = this.locate(name);
    const [usual, ...others] = (profile.endpoints.templates[visibility] ?? [])
      .filter((template) => !template.includes('{port}') && isPossible(template, profile, location))
      .map((template) => fillTemplate(template, location));
    if (usual === undefined) throw notAllowed();
    return [usual, ...others];
  }

  /** The usual address of a key-manager instance. @throws TenancyError('invalid_crn', 'endpoint_not_allowed') */
  build(name: string, visibility: EndpointVisibility): string {
    return this.addresses(name, visibility)[0];
  }

  /** An address read from the resource instance, when it is one this instance can have. @throws as {@link build} */
  accept(name: string, discovered: string): string {
    const url = discovered.replace(/\/(api\/v2\/?)?$/, '');
    const { profile, location } = this.locate(name);
    const allowed = Object.values(profile.endpoints.templates)
      .flat()
      .some(
        (template) => isPossible(template, profile, location) && fitsTemplate(fillTemplate(template, location), url),
      );
    if (!allowed) throw notAllowed();
    return url;
  }

  private locate(name: string): Located {
    const profiles = Object.values(this.profiles);
    for (const profile of profiles) {
      const location = profile.locate(name);
      if (location !== undefined) return { profile, location };
    }
    // What is wrong with its form, if that is it.
    parseInstanceCrn(name);
    const services = profiles.map(({ serviceName }) => `of a ${serviceName}`).join(' nor ');
    throw new TenancyError('invalid_crn', `the CRN is neither ${services} instance`);
  }
}

const isPossible = (
  template: string,
  { endpoints }: KeyManagerProfile,
  { region, instance }: KeyManagerLocation,
): boolean => endpoints.regions.includes(region) && (!template.includes('{instance}') || isUuid(instance));

const notAllowed = (): TenancyError =>
  new TenancyError('endpoint_not_allowed', 'this key-manager instance has no address that may be used');
