import { type EntityPrivilege } from '@lib/vi-json';

import { isGranted } from '../users';
import { invalidArgument, notFound } from '../vim/fault';
import { method, type MethodDefinition } from './method';

export const AUTHORIZATION_MANAGER_METHODS: readonly MethodDefinition[] = [
  method(
    'AuthorizationManager',
    'HasPrivilegeOnEntities',
    {
      parameters: 'entity: ManagedObjectReference[], sessionId: string, privId?: string[]',
      returns: 'EntityPrivilege[]?',
      privilege: 'System.View',
      faults: ['InvalidArgument', 'ManagedObjectNotFound'],
      since: '5.5',
    },
    ({ center, parameters: { entity, sessionId, privId = [] } }): EntityPrivilege[] => {
      // The key of the session, not its token [inferred].
      const asked = center.sessions.list().find(({ key }) => key === sessionId);
      const user = asked === undefined ? undefined : center.users.find(asked.userName);
      if (user === undefined) throw invalidArgument('sessionId');
      return entity.map((object) => {
        if (!center.objects.exists(object)) throw notFound(object);
        return {
          _typeName: 'EntityPrivilege',
          entity: object,
          privAvailability: privId.map((id) => ({
            _typeName: 'PrivilegeAvailability',
            privId: id,
            isGranted: isGranted(user, id, object),
          })),
        };
      });
    },
  ),
];
