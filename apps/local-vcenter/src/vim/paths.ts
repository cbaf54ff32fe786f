import { type ManagedObjectReference } from '@lib/vi-json';

import { type Center } from '../center';
import { type UserRow } from '../rows';
import { demand } from '../users';
import { invalidProperty } from './fault';
import { boxValue } from './output';
import { VIM25 } from './vim25';

/**
 * A property by its path, in a box where it needs one. The path is checked by the types, so that a name that does not exist
 * is a fault also where the value on the way is unset.
 * @throws VimFault InvalidProperty for such a name, NoPermission where the user may not read the object
 */
export function readPath(center: Center, object: ManagedObjectReference, path: string, user: UserRow): unknown {
  const [head = '', ...rest] = path.split('.');
  const property = center.objects.kind(object.type)?.properties[head];
  if (property === undefined) throw invalidProperty(path);
  const type = typeAt(property.type, rest, path);
  demand(user, 'System.Read', object);
  let value = property.read(center, object.value);
  for (const name of rest) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  return value === undefined ? undefined : boxValue(type, value, center.behaviour.settings);
}

function typeAt(start: string, names: readonly string[], path: string): string {
  let type = start;
  for (const name of names) {
    if (VIM25.find(type) === undefined) throw invalidProperty(path);
    const member = VIM25.membersOf(type).find((one) => one.name === name);
    if (member === undefined) throw invalidProperty(path);
    type = member.array ? `${member.type}[]` : member.type;
  }
  return type;
}
