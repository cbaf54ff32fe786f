import { type ManagedObjectReference, PRIVILEGES, reference, type ViSession } from '@lib/vi-json';

import { Refusal } from './refusal';

/** A privilege that something needs, and where. */
export interface Need {
  readonly privilege: string;
  readonly on: ManagedObjectReference;
  /** Of the object, as vCenter shows it. */
  readonly name: string;
}

/** What each command needs at the vCenter itself. Asked for before anything is done. */
export const NEEDED = {
  'connecting a key provider': [PRIVILEGES.manageKeyServers, PRIVILEGES.manageKeys],
  'renewing the client certificate': [PRIVILEGES.manageKeyServers, PRIVILEGES.manageKeys],
  'showing how a key provider stands': [PRIVILEGES.manageKeyServers],
  'listing what needs a key': [PRIVILEGES.manageKeyServers, PRIVILEGES.manageKeys],
  're-keying': [PRIVILEGES.manageKeyServers, PRIVILEGES.manageKeys],
  unlocking: [PRIVILEGES.manageKeyServers, PRIVILEGES.manageKeys],
} as const;

const ENTITIES_AT_ONCE = 200;
const NAMED = 5;

/** @throws Refusal that names every one of them, and on which objects */
export async function demandNeeds(session: ViSession, needs: readonly Need[], purpose: string): Promise<void> {
  const lacking = await lackingNeeds(session, needs);
  if (lacking.length === 0) return;
  const privileges = [...new Set(lacking.map(({ privilege }) => privilege))];
  const each = privileges.map((privilege) => {
    const places = lacking.filter((need) => need.privilege === privilege).map(placeOf);
    const more = places.length > NAMED ? ` and ${places.length - NAMED} more` : '';
    return `${privilege} on ${places.slice(0, NAMED).join(', ')}${more}`;
  });
  throw new Refusal(
    `${session.user.userName} lacks ${each.join('; ')}, which ${purpose} needs. Nothing was changed. ` +
      `Give the user a role that has ${privileges.length === 1 ? 'this privilege' : 'these privileges'} there, or as a global permission.`,
  );
}

/** Of what a purpose needs at the vCenter itself. @throws Refusal */
export async function demandPrivileges(session: ViSession, purpose: keyof typeof NEEDED): Promise<void> {
  const on = session.content.rootFolder;
  const needs = NEEDED[purpose].map((privilege) => ({ privilege, on, name: '' }));
  await demandNeeds(session, needs, purpose);
}

async function lackingNeeds(session: ViSession, needs: readonly Need[]): Promise<readonly Need[]> {
  const { authorizationManager } = session.content;
  if (authorizationManager === undefined || needs.length === 0) return [];
  const granted = new Set<string>();
  for (const privilege of new Set(needs.map((need) => need.privilege))) {
    const entities = needs.filter((need) => need.privilege === privilege).map(({ on }) => reference(on.type, on.value));
    for (let from = 0; from < entities.length; from += ENTITIES_AT_ONCE) {
      const answer = await session.call(authorizationManager, 'AuthorizationManager', 'HasPrivilegeOnEntities', {
        entity: entities.slice(from, from + ENTITIES_AT_ONCE),
        sessionId: session.user.key,
        privId: [privilege],
      });
      for (const { entity, privAvailability } of answer ?? []) {
        if (privAvailability.some(({ privId, isGranted }) => privId === privilege && isGranted))
          granted.add(keyOf(privilege, entity));
      }
    }
  }
  return needs.filter(({ privilege, on }) => !granted.has(keyOf(privilege, on)));
}

const keyOf = (privilege: string, { type, value }: ManagedObjectReference): string => `${privilege} ${type}:${value}`;

const placeOf = ({ on, name }: Need): string =>
  name === '' ? 'the vCenter (its root folder)' : `${name} (${on.type}:${on.value})`;
