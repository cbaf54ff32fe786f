import { Controller, Inject, Post } from '@nestjs/common';

import { Secret } from '@lib/kernel';
import { type IssuedCertificate, toPkcs12 } from '@lib/pki';
import { ClientCertificateService } from '@lib/tenancy';

import { ApiError } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { PUBLIC_URL } from '../../http/tokens';
import { CertificateIssuer } from './certificate-issuer';
import { EndpointConfirmations } from './endpoint-confirmations';

/** InstanceClientKeyPairPrototype. */
interface Prototype {
  readonly name: string;
  readonly encoding?: 'pem' | 'pkcs12';
  readonly password?: string;
  readonly validity_days?: number;
}

const DEFAULT_VALID_DAYS = 730;

@Controller('v1/instances/:instance_id/client_key_pairs')
export class ClientKeyPairsController {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(CertificateIssuer) private readonly issuer: CertificateIssuer,
    @Inject(EndpointConfirmations) private readonly confirmations: EndpointConfirmations,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** The private key exists in this process for the length of the request and in the answer, nowhere else. */
  @Post()
  @Operation('create_instance_client_key_pair', 'certificate.create')
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const { name, encoding = 'pem', password, validity_days: days = DEFAULT_VALID_DAYS } = call.body as Prototype;
    if (encoding === 'pkcs12' && password === undefined) {
      throw ApiError.of(400, 'missing_field', 'A PKCS #12 file needs a password.', { type: 'field', name: 'password' });
    }
    const pair = await this.issuer.issue(name, days);
    try {
      const { instanceId } = call.instance();
      const pem = pair.certificatePem;
      const added = await this.certificates.add(instanceId, { name, pem, origin: 'issued' }, administratorOf(call));
      const href = `${this.publicUrl}/v1/instances/${instanceId}/client_certificates/${added.id}`;
      const secretPart =
        encoding === 'pem'
          ? { private_key: pair.privateKeyPem.exposeText() }
          : { archive: await archiveOf(pair, password ?? '', name) };
      return {
        status: 201,
        location: href,
        body: {
          client_certificate: { id: added.id, href, name: added.name, sha256_fingerprint: added.fingerprint },
          activation: await this.confirmations.awaited(instanceId),
          encoding,
          certificate: added.pem,
          ...secretPart,
        },
      };
    } finally {
      pair.privateKeyPem.wipe();
    }
  }
}

async function archiveOf(pair: IssuedCertificate, password: string, name: string): Promise<string> {
  const secret = Secret.fromText(password);
  try {
    return (await toPkcs12(pair, secret, name)).toString('base64');
  } finally {
    secret.wipe();
  }
}
