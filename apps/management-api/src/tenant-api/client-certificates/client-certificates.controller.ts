import { Controller, Delete, Get, Inject, Patch, Post } from '@nestjs/common';

import { isUuid } from '@lib/kernel';
import { type ClientCertificate, ClientCertificateService } from '@lib/tenancy';

import { ApiError, notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { confirmOf } from '../confirm';
import { pageAnswer, pageRequest, restById } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision } from '../versions';
import { CertificateIssuer } from './certificate-issuer';
import { ClientCertificatePresenter, type KnownCertificate } from './client-certificate.presenter';
import { ClientTraces } from './client-traces';
import { EndpointConfirmations } from './endpoint-confirmations';

/** InstanceClientCertificatePrototype. */
interface Prototype {
  readonly name: string;
  readonly certificate?: string;
  readonly certificate_signing_request?: string;
  readonly connection_attempt?: { readonly id: string };
}

/** Certificates that we sign: two years, as vCenter's own. */
const SIGNED_VALID_DAYS = 730;
const SOURCES = ['certificate', 'certificate_signing_request', 'connection_attempt'] as const;

@Controller('v1/instances/:instance_id/client_certificates')
export class ClientCertificatesController {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(CertificateIssuer) private readonly issuer: CertificateIssuer,
    @Inject(EndpointConfirmations) private readonly confirmations: EndpointConfirmations,
    @Inject(ClientCertificatePresenter) private readonly presenter: ClientCertificatePresenter,
    @Inject(ClientTraces) private readonly traces: ClientTraces,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** An instance has at most a few hundred certificates: they are read at once and paged by id. */
  @Get()
  @Operation('list_instance_client_certificates', 'certificate.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const page = pageRequest(call, 1);
    const { instanceId } = call.instance();
    const { name, sha256_fingerprint: fingerprint, proof } = call.query;
    const found = (await this.certificates.list(instanceId))
      .filter((certificate) => name === undefined || certificate.name === name)
      .filter((certificate) => fingerprint === undefined || certificate.fingerprint === fingerprint);
    const rest = restById(found, page, ({ id }) => id);
    const shown = proof === undefined ? rest.slice(0, page.limit + 1) : rest;
    const activation = await this.confirmations.present(instanceId);
    const known = (await this.presenter.known(instanceId, shown)).filter((one) => hasShown(one, proof));
    return pageAnswer(call, this.publicUrl, 'client_certificates', known, {
      cursorOf: ({ certificate: { id } }) => [id],
      present: (one) => this.presenter.present(one, activation),
    });
  }

  @Post()
  @Operation('create_instance_client_certificate', 'certificate.create')
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const prototype = call.body as Prototype;
    const pem = await this.#certificateOf(call, prototype);
    const { instanceId } = call.instance();
    const origin = prototype.certificate_signing_request === undefined ? 'presented' : 'issued';
    const request = { name: prototype.name, pem, origin } as const;
    const added = await this.certificates.add(instanceId, request, administratorOf(call));
    const body = await this.presenter.one(added, this.confirmations.awaited(instanceId));
    return { status: 201, body, etag: body.etag, location: body.href };
  }

  @Get(':id')
  @Operation('get_instance_client_certificate', 'certificate.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    return this.#answer(call, await this.#find(call));
  }

  @Patch(':id')
  @Operation('update_instance_client_certificate', 'certificate.update')
  async update(@Call() call: OperationCall): Promise<OperationAnswer> {
    const current = await this.#find(call);
    const revision = expectedRevision(call, current.id, current);
    const { name } = call.body as { readonly name?: string };
    if (name === undefined) return this.#answer(call, current);
    const { instanceId } = call.instance();
    const renamed = await this.certificates.rename(instanceId, current.id, name, administratorOf(call), revision);
    return this.#answer(call, renamed);
  }

  @Delete(':id')
  @Operation('delete_instance_client_certificate', 'certificate.delete')
  async remove(@Call() call: OperationCall): Promise<OperationAnswer> {
    const current = await this.#find(call);
    const revision = expectedRevision(call, current.id, current);
    const { instanceId } = call.instance();
    await this.traces.requireRemovable(instanceId, current, confirmOf(call));
    await this.certificates.remove(instanceId, current.id, administratorOf(call), revision);
    const pending = await this.confirmations.withdrawn(instanceId);
    return pending === undefined ? { status: 204 } : { status: 202, body: { activation: pending } };
  }

  async #certificateOf(call: OperationCall, prototype: Prototype): Promise<string> {
    const given = SOURCES.filter((source) => prototype[source] !== undefined);
    if (given.length !== 1) {
      const message = `Give exactly one of ${SOURCES.map((source) => `\`${source}\``).join(', ')}.`;
      const code = given.length === 0 ? 'missing_field' : 'invalid_field';
      throw ApiError.of(400, code, message, { type: 'field', name: given[1] ?? 'certificate' });
    }
    const { certificate, certificate_signing_request: request, connection_attempt: attempt } = prototype;
    if (certificate !== undefined) return certificate;
    if (request !== undefined) return this.issuer.sign(request, SIGNED_VALID_DAYS);
    const presented = await this.traces.presented(call.instance().instanceId, attempt?.id ?? '');
    if (presented === undefined) {
      throw ApiError.of(400, 'invalid_field', 'There is no such connection attempt with a certificate.', {
        type: 'field',
        name: 'connection_attempt.id',
      });
    }
    return presented;
  }

  async #find(call: OperationCall): Promise<ClientCertificate> {
    const id = call.path['id'] ?? '';
    if (!isUuid(id)) throw notFound();
    return this.certificates.get(call.instance().instanceId, id);
  }

  async #answer(call: OperationCall, certificate: ClientCertificate): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const body = await this.presenter.one(certificate, this.confirmations.present(instanceId));
    return { status: 200, body, etag: body.etag };
  }
}

/** `unproven_in_use`: what an owner should prove first, since clients depend on it. */
function hasShown({ births, sighting }: KnownCertificate, wanted: unknown): boolean {
  const proven = births.proof !== undefined;
  switch (wanted) {
    case 'proven':
      return proven;
    case 'unproven':
      return !proven;
    case 'unproven_in_use':
      return !proven && (births.established || sighting !== undefined);
    default:
      return true;
  }
}
