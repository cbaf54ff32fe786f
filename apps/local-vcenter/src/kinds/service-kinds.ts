import { reference } from '@lib/vi-json';

import { clusterInfo } from '../methods/crypto-manager/cluster-info';
import { taskInfo } from '../methods/task-info';
import { serviceContent } from '../methods/service-instance';
import { userSession } from '../methods/session-manager';
import { type CenterKind } from '../center';
import { singleton } from '../managed-objects';
import { SERVICE_INSTANCE, SINGLETONS } from '../objects';

/** What is no part of the inventory. */
export const SERVICE_KINDS: readonly CenterKind[] = [
  singleton(SERVICE_INSTANCE, {
    content: { type: 'ServiceContent', read: (center) => serviceContent(center) },
    serverClock: { type: 'dateTime', read: ({ clock }) => clock.now().toISOString() },
  }),
  singleton(SINGLETONS.sessionManager, {
    sessionList: { type: 'UserSession[]', read: ({ sessions }) => sessions.list().map(userSession) },
  }),
  singleton(SINGLETONS.cryptoManager, {
    enabled: { type: 'boolean', read: () => true },
    kmipServers: {
      type: 'KmipClusterInfo[]',
      read: ({ providers }) => providers.list().map((provider) => clusterInfo(provider)),
    },
  }),
  singleton(SINGLETONS.propertyCollector),
  singleton(SINGLETONS.viewManager),
  singleton(SINGLETONS.authorizationManager),
  singleton(SINGLETONS.eventManager),
  singleton(SINGLETONS.taskManager, {
    recentTask: {
      type: 'ManagedObjectReference[]',
      read: ({ tasks }) => tasks.list().map(({ id }) => reference('Task', id)),
    },
  }),
  singleton(SINGLETONS.vStorageObjectManager),
  {
    type: 'Task',
    ids: ({ tasks }) => tasks.list().map(({ id }) => id),
    has: ({ tasks }, id) => tasks.find(id) !== undefined,
    properties: { info: { type: 'TaskInfo', read: (center, id) => taskInfo(center, id) } },
  },
  {
    type: 'ContainerView',
    ids: ({ sessions }) => sessions.list().flatMap(({ views }) => [...views.keys()]),
    has: ({ sessions }, id) => sessions.list().some(({ views }) => views.has(id)),
    properties: {
      view: {
        type: 'ManagedObjectReference[]',
        read: ({ sessions, objects }, id) => {
          const view = sessions
            .list()
            .find(({ views }) => views.has(id))
            ?.views.get(id);
          return view && [...objects.below(view.container, view.types, view.recursive)];
        },
      },
    },
  },
];
