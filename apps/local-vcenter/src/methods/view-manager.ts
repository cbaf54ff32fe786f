import { randomUUID } from 'node:crypto';

import { reference } from '@lib/vi-json';

import { isKindOf } from '../managed-objects';
import { invalidArgument, notFound } from '../vim/fault';
import { method, type MethodDefinition } from './method';

const CONTAINERS = ['Folder', 'Datacenter', 'ComputeResource', 'ResourcePool', 'HostSystem'];

/** Views live until they are destroyed, or the session ends. */
export const VIEW_METHODS: readonly MethodDefinition[] = [
  method(
    'ViewManager',
    'CreateContainerView',
    {
      parameters: 'container: ManagedObjectReference, type?: string[], recursive: boolean',
      returns: 'ManagedObjectReference',
      privilege: 'System.View',
      faults: ['InvalidArgument', 'ManagedObjectNotFound'],
    },
    ({ center, session, parameters: { container, type = [], recursive } }) => {
      if (!center.objects.exists(container)) throw notFound(container);
      if (!CONTAINERS.some((base) => isKindOf(container.type, base))) throw invalidArgument('container');
      const isKnown = (name: string): boolean => center.objects.kinds.some((kind) => isKindOf(kind.type, name));
      if (!type.every(isKnown)) throw invalidArgument('type');
      const id = `session[${session.key}]${randomUUID()}`;
      session.views.set(id, { container, types: type, recursive });
      return reference('ContainerView', id);
    },
  ),
  method('ContainerView', 'DestroyView', {}, ({ object, session }) => {
    session.views.delete(object.value);
  }),
];
