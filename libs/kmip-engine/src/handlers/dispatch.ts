import { type AuditAction } from '@lib/audit';
import {
  type OperationName,
  type OperationRequest,
  type OperationResponse,
  type ProtocolVersion,
  operationIntroducedIn,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { activate } from './activate';
import { addAttribute } from './add-attribute';
import { create } from './create';
import { destroy } from './destroy';
import { discoverVersions } from './discover-versions';
import { getAttributeList } from './get-attribute-list';
import { getAttributes } from './get-attributes';
import { get } from './get';
import { type Handler, type HandlerContext } from './handler';
import { locate } from './locate';
import { query } from './query';
import { revoke } from './revoke';

const handlers: { readonly [N in OperationName]: Handler<N> } = {
  Create: create,
  Locate: locate,
  Get: get,
  GetAttributes: getAttributes,
  GetAttributeList: getAttributeList,
  AddAttribute: addAttribute,
  Activate: activate,
  Revoke: revoke,
  Destroy: destroy,
  Query: query,
  DiscoverVersions: discoverVersions,
};

/** How an operation is named in the audit trail. */
export const auditActions: Readonly<Record<OperationName, AuditAction>> = {
  Create: 'vmware-solutions.kmip-key.create',
  Locate: 'vmware-solutions.kmip-key.locate',
  Get: 'vmware-solutions.kmip-key.read',
  GetAttributes: 'vmware-solutions.kmip-key-attributes.retrieve',
  GetAttributeList: 'vmware-solutions.kmip-key-attributes.retrieve',
  AddAttribute: 'vmware-solutions.kmip-key-attributes.add',
  Activate: 'vmware-solutions.kmip-key.activate',
  Revoke: 'vmware-solutions.kmip-key.revoke',
  Destroy: 'vmware-solutions.kmip-key.destroy',
  Query: 'vmware-solutions.kmip-server.query',
  DiscoverVersions: 'vmware-solutions.kmip-server.query',
};

/** An operation newer than the message's version does not exist for that message. */
export function requireOperation(operation: number, { minor }: ProtocolVersion): void {
  const introduced = operationIntroducedIn(operation);
  if (introduced === undefined || introduced.minor > minor) fail('operation_not_supported');
}

async function run<N extends OperationName>(
  name: N,
  payload: Parameters<Handler<N>>[0],
  context: HandlerContext,
): Promise<OperationResponse> {
  const response = await handlers[name](payload, context);
  // Name and payload come from one handler of one name, which the union type cannot follow.
  return { name, payload: response } as unknown as OperationResponse;
}

export function dispatch(request: OperationRequest, context: HandlerContext): Promise<OperationResponse> {
  return run(request.name, request.payload, context);
}
