import { Refusal } from './refusal';
import { type ManagedObjectReference, reference, type ViSession } from '@lib/vi-json';

/** Which of the privileges the session lacks on the object: asked before anything is done. */
export async function lackingPrivileges(
  session: ViSession,
  privileges: readonly string[],
  on: ManagedObjectReference = session.content.rootFolder,
): Promise<readonly string[]> {
  const { authorizationManager } = session.content;
  if (authorizationManager === undefined) return [];
  const answer = await session.call(authorizationManager, 'AuthorizationManager', 'HasPrivilegeOnEntities', {
    entity: [reference(on.type, on.value)],
    sessionId: session.user.key,
    privId: privileges,
  });
  const granted = new Set(
    (answer ?? []).flatMap(({ privAvailability }) =>
      privAvailability.filter(({ isGranted }) => isGranted).map(({ privId }) => privId),
    ),
  );
  return privileges.filter((privilege) => !granted.has(privilege));
}

export class PrivilegesLacking extends Refusal {
  constructor(
    readonly privileges: readonly string[],
    userName: string,
    purpose: string,
  ) {
    super(
      `${userName} lacks ${privileges.join(', ')} on the vCenter (its root folder), which ${purpose} needs. ` +
        'Nothing was changed. Give the user a role that has these privileges, as a global permission or on the vCenter itself.',
    );
    this.name = 'PrivilegesLacking';
  }
}

/** @throws PrivilegesLacking that names every one of them */
export async function demandPrivileges(
  session: ViSession,
  privileges: readonly string[],
  purpose: string,
): Promise<void> {
  const lacking = await lackingPrivileges(session, privileges);
  if (lacking.length > 0) throw new PrivilegesLacking(lacking, session.user.userName, purpose);
}
