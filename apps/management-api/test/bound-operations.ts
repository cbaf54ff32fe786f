import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { type FastifyContextConfig } from 'fastify';

import { type ApiDocument } from '../src/http/openapi/document';
import { type BoundOperation } from '../src/http/operation';
import { OperationTable, type OperationRoute } from '../src/http/operation-table';

import { TENANT_API_MODULES } from '../src/tenant-api/tenant-api.module';

/** Where `@RouteConfig()` puts what it is given. */
const ROUTE_CONFIG = '__fastify_route_config__';

/** Controllers of the tenants' side, in the order of its modules. */
export const TENANT_API_CONTROLLERS = TENANT_API_MODULES.flatMap(
  (module) => Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, module) as Type[],
);

/** The routes of controllers, without an application. @throws Error as the start of one does */
export function boundOperations(
  document: Pick<ApiDocument, 'operations'>,
  controllers: readonly Type[],
): readonly BoundOperation[] {
  const table = new OperationTable(document);
  for (const route of controllers.flatMap(routesOf)) table.bind(route);
  table.complete();
  return table.operations;
}

function routesOf(controller: Type): OperationRoute[] {
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const methods = Object.values(Object.getOwnPropertyDescriptors(controller.prototype as object));
  return methods.flatMap(({ value }: { value?: unknown }) => {
    if (typeof value !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, value)) return [];
    const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, value) as RequestMethod];
    const path = Reflect.getMetadata(PATH_METADATA, value) as string;
    const config = Reflect.getMetadata(ROUTE_CONFIG, value) as FastifyContextConfig | undefined;
    return [{ method, url: `/${base}${path === '/' ? '' : `/${path}`}`, binding: config?.binding }];
  });
}
