import { Readable } from 'node:stream';

import {
  Body,
  Controller,
  Delete,
  Get,
  Global,
  HttpCode,
  Injectable,
  Module,
  Patch,
  Post,
  type Provider,
  Put,
  type Type,
} from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { testApp } from '../../test/test-app';
import { testConfig } from '../../test/test-config';
import { ManagementConfigModule } from '../management-config.module';
import { preconditionFailed } from './api-error';
import { entityTag, ifMatchAllows } from './entity-tag';
import { HttpModule } from './http.module';
import { type CheckedChange, type OperationAnswer, type OperationCall } from './operation';
import { Call, CheckedOperation, Operation } from './operation.decorator';
import { type EarlyRefusal, type RouteSpace, Space } from './route-space';
import { TenantSpaceModule } from './tenant-space.module';

export const MINE = '11111111-1111-4111-8111-111111111111';
export const TAG = entityTag('7', {});

const instance = {
  id: MINE,
  crn: `crn:v1:bluemix:public:kmip:us-south:a/1:${MINE}::`,
  href: `https://api.example.com/v1/instances/${MINE}`,
  name: 'one',
  region: 'us-south',
  state: 'inactive',
  credential_policy: 'ignore',
  key_generation: 'local',
  purge_destroyed_keys: false,
  second_person_to_destroy: false,
  unwritten_notes: 0,
  health: { state: 'unknown', problems: [], warnings: [] },
  next_step: { code: 'wait', message: 'Wait.' },
  live_keys: 0,
  key_moves: [],
  endpoints: [],
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
  etag: TAG,
};

/** Stands in for the controllers: remembers what got through the checks. */
@Controller('v1/instances')
export class FakeController {
  readonly calls: OperationCall[] = [];
  /** What `set` would have done. */
  changes = 0;
  broken = false;

  @Get()
  @Operation('list_instances', 'instance.read')
  list(@Call() call: OperationCall): Promise<OperationAnswer> {
    this.calls.push(call);
    const { limit } = call.query;
    return Promise.resolve({ status: 200, body: { limit, first: { href: instance.href }, instances: [instance] } });
  }

  @Get(':id')
  @Operation('get_instance', 'instance.read')
  get(): Promise<OperationAnswer> {
    if (this.broken) throw new Error('secret detail of a bug');
    return Promise.resolve({ status: 200, etag: TAG, body: instance });
  }

  @Post(':instance_id/certificate_claims')
  @Operation('create_instance_certificate_claim', 'certificate.create')
  create(@Call() call: OperationCall): Promise<OperationAnswer> {
    this.calls.push(call);
    // Not what the document says, on purpose.
    return Promise.resolve({ status: 201, body: { id: 'only' } });
  }

  @Patch(':instance_id/client_certificates/:id')
  @Operation('update_instance_client_certificate', 'certificate.update')
  update(@Call() call: OperationCall): Promise<OperationAnswer> {
    if (!ifMatchAllows(call.ifMatch, '7')) throw preconditionFailed();
    this.calls.push(call);
    throw new Error('not reached by these tests');
  }

  @Delete(':instance_id/client_certificates/:id')
  @Operation('delete_instance_client_certificate', 'certificate.delete')
  remove(@Call() call: OperationCall): Promise<OperationAnswer> {
    this.calls.push(call);
    return Promise.resolve({ status: 204 });
  }

  @Get(':instance_id/audit_log')
  @Operation('get_instance_audit_log', 'audit.read')
  export(): Promise<OperationAnswer> {
    return Promise.resolve({ status: 200, stream: { type: 'application/x-ndjson', content: Readable.from(['{}\n']) } });
  }

  @Put(':instance_id/credential')
  @CheckedOperation('set_instance_credential', 'credential.set')
  set(@Call() call: OperationCall): Promise<CheckedChange> {
    this.calls.push(call);
    return Promise.resolve(() => {
      this.changes += 1;
      return Promise.resolve({ status: 204 });
    });
  }
}

/** Whoever stands beside the tenants' routes has rules of his own. */
@Injectable()
@Space(['/v2'])
class OtherSpace implements RouteSpace {
  readonly maxBodyBytes = 100;

  admit(): Promise<void> {
    return Promise.resolve();
  }

  parse(_mediaType: string | undefined, body: Buffer): unknown {
    return JSON.parse(body.toString());
  }

  headers(): Record<string, string> {
    return {};
  }

  answered(): void {
    // Nobody is told.
  }

  async refuse(error: unknown, _request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await reply.code(418).send(String(error));
  }

  refuseEarly(): EarlyRefusal {
    return { status: 418, body: {} };
  }
}

@Controller('v2/other')
class OtherController {
  @Post()
  @HttpCode(200)
  take(@Body() got: unknown): object {
    return { got };
  }
}

@Module({ imports: [HttpModule], controllers: [OtherController], providers: [OtherSpace] })
class OtherModule {}

/** The tenants' routes and others beside them, over what is given. */
export function start(given: Provider[], controllers: Type[]): Promise<NestFastifyApplication> {
  @Global()
  @Module({ providers: given, exports: given, controllers })
  class Surroundings {}
  return testApp([Surroundings, ManagementConfigModule.forRoot(testConfig()), TenantSpaceModule, OtherModule]);
}
