import { Controller, Delete, Get, Put, type Type } from '@nestjs/common';

import { KEY_MANAGER_FAULTS } from '@lib/key-manager';
import { CERTIFICATE_FAULTS, CERTIFICATE_WARNINGS, SIGNING_REQUEST_FAULTS } from '@lib/pki';
import { INSTANCE_STATES, TENANCY_FAULTS } from '@lib/tenancy';

import { boundOperations, TENANT_API_CONTROLLERS } from '../../test/bound-operations';
import { ACTIONS } from '@lib/tenancy';
import { API_ERRORS } from '../http/api-error';
import { DOMAIN_ERRORS } from '../http/domain-errors';
import { loadApiDocument } from '../http/openapi/document';
import { type CheckedChange, type OperationAnswer } from '../http/operation';
import { CheckedOperation, Operation } from '../http/operation.decorator';

const document = loadApiDocument();
const controllers = TENANT_API_CONTROLLERS;

/** Enumeration of a property of a schema, as documented. */
function documented(schema: string, property: string): unknown {
  const { components } = document.source as {
    components: { schemas: Record<string, { properties: Record<string, { enum?: unknown[] }> }> };
  };
  return components.schemas[schema]?.properties[property]?.enum;
}

@Controller('v1/nothing')
class Other {
  @Get()
  @Operation('get_nothing', 'key.read')
  get(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

@Controller('v1/again')
class Again {
  @Get()
  @Operation('get_instance', 'instance.read')
  get(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

@Controller('v1/instances/:instance_id/root_key')
class DryRunOfTheDocumentOnly {
  @Put()
  @Operation('set_instance_root_key', 'root-key.set')
  set(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

@Controller('v1/instances/:instance_id/root_key')
class DryRunOfTheMethodOnly {
  @Delete()
  @CheckedOperation('unset_instance_root_key', 'root-key.unset')
  unset(): Promise<CheckedChange> {
    return Promise.resolve(() => Promise.resolve({ status: 204 }));
  }
}

@Controller('v1/instances')
class Elsewhere {
  @Get('all')
  @Operation('list_instances', 'instance.read')
  list(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

@Controller('v1/instances')
class WithoutOperation {
  @Get('all')
  list(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

@Controller('v1/instances')
class WithoutAction {
  @Get(':id')
  @Operation('get_instance', undefined as never)
  get(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 204 });
  }
}

describe('the tenant API and its document', () => {
  const operations = boundOperations(document, controllers);

  it('name the same operations, each with an action', () => {
    expect(operations.map(({ contract }) => contract.operation.id).sort()).toEqual(
      document.operations.map(({ id }) => id).sort(),
    );
    expect(operations.every(({ action }) => ACTIONS.includes(action))).toBe(true);
  });

  it('use every action', () => {
    expect([...new Set(operations.map(({ action }) => action))].sort()).toEqual([...ACTIONS].sort());
  });

  it('put every operation but the list of instances under one instance', () => {
    const without = operations.filter(({ instanceParameter }) => instanceParameter === undefined);
    expect(without.map(({ contract }) => contract.operation.id)).toEqual(['list_instances']);
  });

  it('ask no reader for the right to change: GET needs no changing action', () => {
    const changing = /\.(create|update|delete|set|unset)$/;
    const wrong = operations.filter(
      ({ contract, action }) => (contract.operation.method === 'GET') === changing.test(action),
    );
    // A check changes nothing; what strangers present is for those who may let them in.
    expect(wrong.map(({ contract }) => contract.operation.id).sort()).toEqual([
      'check_instance_root_key',
      'get_instance_certificate_claim',
      'get_instance_connection_attempt',
      'list_instance_certificate_claims',
      'list_instance_connection_attempts',
    ]);
  });

  /** What removes or replaces without asking for a name, and why it may. */
  const UNASKED: Readonly<Record<string, string>> = {
    set_instance_root_key: 'what is bound is checked before, and the former one stays bound while keys lie under it',
    unset_instance_root_key: 'refused while there are live keys',
    delete_instance_certificate_claim: 'grants nothing and serves nothing: made again at once',
    hand_over_instance_client_certificate: 'keys stay where they are and are served; handed back by the same call',
    update_instance: 'taken back by the same call',
    update_instance_client_certificate: 'a name, taken back by the same call',
    roll_back_instance_former_root_key: 'as set_instance_root_key, which also takes it back',
    retry_instance_former_root_key: 'does at once what is done later by itself',
    update_instance_key: 'taken back by the same call',
    set_instance_inventory: 'decides nothing by itself, and is replaced by the same call',
    delete_instance_quarantined_key: 'gives a key back to whoever needs it',
    set_instance_webhook: 'replaced by the same call; keys are served as before',
    unset_instance_webhook: 'keys are served as before; what is not sent is in the audit trail',
    test_instance_webhook: 'changes nothing',
  };
  const ASKING = ['confirm', 'expected_name'];

  it('ask for the name of what they remove or replace, or say why not', () => {
    const adding = /^(create|check|list|get)_/;
    const unasked = document.operations
      .filter(({ id }) => !adding.test(id))
      .filter(({ parameters }) => !parameters.some(({ name }) => ASKING.includes(name)));
    expect(unasked.map(({ id }) => id).sort()).toEqual(Object.keys(UNASKED).sort());
  });

  it.each<[string, Type[], string]>([
    ['an operation without a route', controllers.slice(1), 'list_instances is not implemented'],
    ['a route without an operation', [...controllers, Other], 'get_nothing is not documented'],
    ['two routes for one operation', [...controllers, Again], 'get_instance is bound twice'],
    ['a dry run that no method makes', [DryRunOfTheDocumentOnly], 'set_instance_root_key has a dry run in one'],
    ['a dry run that is not told', [DryRunOfTheMethodOnly], 'unset_instance_root_key has a dry run in one'],
    ['a route at another path', [...controllers.slice(1), Elsewhere], 'list_instances is at GET /v1/instances/all'],
    ['a method without an operation', [...controllers, WithoutOperation], 'GET /v1/instances/all has no operation'],
    ['a route without an action', [...controllers.slice(1), WithoutAction], 'get_instance has no action'],
  ])('do not start with %s', (_name, given, fault) => {
    expect(() => boundOperations(document, given)).toThrow(fault);
  });

  it('know the same error codes', () => {
    expect(documented('Error', 'code')).toEqual(Object.keys(API_ERRORS));
  });

  it('know the same states and warnings', () => {
    expect([...(documented('Instance', 'state') as string[])].sort()).toEqual([...INSTANCE_STATES, 'disabled'].sort());
    expect([...(documented('InstanceCertificateWarning', 'code') as string[])].sort()).toEqual(
      [...CERTIFICATE_WARNINGS, 'expired'].sort(),
    );
  });
});

describe('domain errors', () => {
  /** An outage of ours that no caller can do anything about: 500 with fixed text is right. */
  const internal = ['credential_unreadable'];

  it.each([
    ['tenancy', [...TENANCY_FAULTS]],
    ['certificates', [...CERTIFICATE_FAULTS]],
    ['signing requests', [...SIGNING_REQUEST_FAULTS]],
    ['key manager', KEY_MANAGER_FAULTS.map((fault) => `key_manager_${fault}`)],
  ])('of %s all have an answer', (_name, codes) => {
    expect(codes.filter((code) => !(code in DOMAIN_ERRORS) && !internal.includes(code))).toEqual([]);
  });

  it('are never answered with a status that the document does not know', () => {
    const statuses = new Set(Object.values(DOMAIN_ERRORS).map(({ status }) => status));
    expect([...statuses].sort()).toEqual([400, 404, 409, 412, 503]);
  });
});
