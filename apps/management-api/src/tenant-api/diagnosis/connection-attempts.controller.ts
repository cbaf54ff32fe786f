import { Controller, Get, Inject } from '@nestjs/common';

import {
  type AttemptQuery,
  type ConnectionAttempt,
  type ConnectionAttempts,
  type PresentedCertificate,
} from '@lib/diagnosis';
import { isUuid } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { type ClientCertificate, ClientCertificateService } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { type KmipEndpoint } from '../instances/kmip-endpoint';
import { KmipEndpoints } from '../instances/kmip-endpoints';
import { type Cursor, invalidToken, pageAnswer, pageRequest } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { nearestCertificate } from './nearest-certificate';
import { explain } from './verdicts';

/** What an attempt is explained with. */
interface Context {
  readonly allowed: readonly ClientCertificate[];
  readonly endpoints: readonly KmipEndpoint[];
}

@Controller('v1/instances/:instance_id/connection_attempts')
export class ConnectionAttemptsController {
  constructor(
    @Inject(PostgresConnectionAttempts) private readonly attempts: ConnectionAttempts,
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(KmipEndpoints) private readonly endpoints: KmipEndpoints,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_connection_attempts', 'certificate.create')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const { limit, after } = pageRequest(call, 2);
    const verdict = call.query['verdict'];
    const found = await this.attempts.list(instanceId, {
      limit: limit + 1,
      ...(verdict !== undefined && { verdict: String(verdict) }),
      ...(after !== undefined && { after: placeOf(after) }),
    });
    const context = await this.#context(call);
    return pageAnswer(call, this.publicUrl, 'connection_attempts', found, {
      cursorOf: ({ lastAt, id }) => [lastAt.toISOString(), id],
      present: (attempt) => this.#present(call, attempt, context),
    });
  }

  @Get(':id')
  @Operation('get_instance_connection_attempt', 'certificate.create')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const attempt = await this.attempts.find(instanceId, call.path['id'] ?? '');
    if (!attempt) throw notFound();
    return { status: 200, body: this.#present(call, attempt, await this.#context(call)) };
  }

  async #context(call: OperationCall): Promise<Context> {
    const [allowed, endpoints] = await Promise.all([
      this.certificates.list(call.instance().instanceId),
      this.endpoints.current(),
    ]);
    return { allowed, endpoints };
  }

  #present(call: OperationCall, attempt: ConnectionAttempt, { allowed, endpoints }: Context): object {
    const base = `${this.publicUrl}/v1/instances/${call.instance().instanceId}`;
    const { certificate } = attempt;
    const nearest = certificate && nearestCertificate(certificate, allowed);
    return {
      id: attempt.id,
      href: `${base}/connection_attempts/${attempt.id}`,
      verdict: attempt.verdict,
      ...explain(attempt.verdict, attempt.endpoint, endpoints),
      address: attempt.address,
      endpoint: attempt.endpoint,
      server_sha256_fingerprint: attempt.server?.fingerprint,
      certificate: certificate && presented(certificate),
      nearest_certificate: nearest && {
        id: nearest.id,
        href: `${base}/client_certificates/${nearest.id}`,
        name: nearest.name,
        sha256_fingerprint: nearest.fingerprint,
      },
      occurrences: attempt.occurrences,
      first_at: attempt.firstAt.toISOString(),
      last_at: attempt.lastAt.toISOString(),
    };
  }
}

const presented = (certificate: PresentedCertificate): object => ({
  sha256_fingerprint: certificate.fingerprint,
  sha1_fingerprint: certificate.sha1Fingerprint,
  subject: certificate.subject,
  issuer: certificate.issuer,
  serial_number: certificate.serialNumber,
  valid_from: certificate.notBefore.toISOString(),
  expires_at: certificate.notAfter.toISOString(),
});

function placeOf([at = '', id = '']: Cursor): NonNullable<AttemptQuery['after']> {
  const date = new Date(at);
  if (!isUuid(id) || Number.isNaN(date.getTime())) throw invalidToken();
  return { at: date, id };
}
