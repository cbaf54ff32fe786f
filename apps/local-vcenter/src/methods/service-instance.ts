import { type ServiceContent } from '@lib/vi-json';

import { type Center } from '../center';
import { ROOT_FOLDER, SINGLETONS } from '../objects';
import { method, type MethodDefinition } from './method';

export const serviceContent = ({ about }: Center): ServiceContent => ({
  _typeName: 'ServiceContent',
  rootFolder: ROOT_FOLDER,
  about,
  ...SINGLETONS,
});

/** The one method beside Login that needs no session. */
export const SERVICE_INSTANCE_METHODS: readonly MethodDefinition[] = [
  method('ServiceInstance', 'RetrieveServiceContent', { returns: 'ServiceContent' }, ({ center }) =>
    serviceContent(center),
  ),
];
