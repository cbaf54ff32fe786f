import { Inject, Injectable } from '@nestjs/common';

import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, PROOF_POLICY } from '@lib/platform';
import {
  birthsAt,
  type CertificateBirths,
  CertificateProofService,
  type ClientCertificate,
  type ProofPolicy,
  type RegionDirectory,
} from '@lib/tenancy';

import { PUBLIC_URL } from '../../http/tokens';
import {
  clientCertificateResponse,
  type ClientCertificateResponse,
  type Sighting,
} from './client-certificate.response';
import { type Activation } from './endpoint-confirmations';
import { ClientTraces } from './client-traces';

/** A certificate with what is known of it beside its own row. */
export interface KnownCertificate {
  readonly certificate: ClientCertificate;
  readonly births: CertificateBirths;
  readonly sighting: Sighting | undefined;
  readonly serverTrust: readonly object[];
}

@Injectable()
export class ClientCertificatePresenter {
  constructor(
    @Inject(ClientTraces) private readonly traces: Pick<ClientTraces, 'of'>,
    @Inject(PostgresRegionDirectory) private readonly directory: Pick<RegionDirectory, 'registrants'>,
    @Inject(PROOF_POLICY) private readonly policy: ProofPolicy,
    @Inject(CertificateProofService) private readonly proofs: CertificateProofService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** With what the gateways know of the instance's certificates, and where their keys are born. */
  async known(
    instanceId: InstanceId,
    certificates: readonly ClientCertificate[],
  ): Promise<readonly KnownCertificate[]> {
    const lookUp = await this.#lookUp(instanceId, certificates);
    return certificates.map(lookUp);
  }

  /**
   * One certificate. The number of its keys elsewhere is told to nobody but who has proven it: to others it would be the
   * number of a stranger's keys.
   */
  async one(certificate: ClientCertificate, activating: Promise<Activation>): Promise<ClientCertificateResponse> {
    const { instanceId, fingerprint } = certificate;
    const [lookUp, activation] = await Promise.all([this.#lookUp(instanceId, [certificate]), activating]);
    const known = lookUp(certificate);
    const proven = known.births.reason === 'proven';
    const keysElsewhere = proven ? await this.proofs.keysElsewhere(instanceId, fingerprint) : undefined;
    return this.present(known, activation, keysElsewhere);
  }

  present(
    { certificate, births, sighting, serverTrust }: KnownCertificate,
    activation: Activation,
    keysElsewhere?: number,
  ): ClientCertificateResponse {
    const { instanceId, id } = certificate;
    const href = `${this.publicUrl}/v1/instances/${instanceId}/client_certificates/${id}`;
    const now = this.clock.now();
    const context = { href, now, sighting, serverTrust, activation, births, keysElsewhere };
    return clientCertificateResponse(certificate, context);
  }

  async #lookUp(
    instanceId: InstanceId,
    certificates: readonly ClientCertificate[],
  ): Promise<(certificate: ClientCertificate) => KnownCertificate> {
    const [tracesOf, registrants] = await Promise.all([
      this.traces.of(instanceId),
      this.directory.registrants(certificates.map(({ fingerprint }) => fingerprint)),
    ]);
    const now = this.clock.now();
    return (certificate) => {
      const registrations = registrants.get(certificate.fingerprint) ?? { current: [], former: [] };
      const births = birthsAt(instanceId, registrations, this.policy, now);
      return { certificate, births, ...tracesOf(certificate.fingerprint) };
    };
  }
}
