import { type Instance, type InstanceOptions } from '@lib/tenancy';

/** The options of an instance by their names in the API: what is set by one is shown by the same. */
const NAMES: Readonly<Record<keyof InstanceOptions, string>> = {
  credentialPolicy: 'credential_policy',
  keyGeneration: 'key_generation',
  purgeDestroyedKeys: 'purge_destroyed_keys',
  secondPersonToDestroy: 'second_person_to_destroy',
};

const ENTRIES = Object.entries(NAMES) as readonly (readonly [keyof InstanceOptions, string])[];

export const optionsResponse = (instance: InstanceOptions): Readonly<Record<string, unknown>> =>
  Object.fromEntries(ENTRIES.map(([option, name]) => [name, instance[option]]));

/** @param body valid by its schema @returns what it changes */
export function changedOptions(instance: Instance, body: Readonly<Record<string, unknown>>): Partial<InstanceOptions> {
  const changed = ENTRIES.filter(([option, name]) => body[name] !== undefined && body[name] !== instance[option]);
  return Object.fromEntries(changed.map(([option, name]) => [option, body[name]]));
}
