import { Inject, Injectable } from '@nestjs/common';

import { type Clock, type InstanceId } from '@lib/kernel';
import { type ClientCertificate } from '@lib/tenancy';

import { CLIENT_SIGHTINGS, CLOCK, PUBLIC_URL } from '../tokens';
import { type ClientSightings } from './certificate-issuer.port';
import { clientCertificateResponse, type ClientCertificateResponse } from './client-certificate.response';
import { type Activation } from './endpoint-activation';

@Injectable()
export class ClientCertificatePresenter {
  constructor(
    @Inject(CLIENT_SIGHTINGS) private readonly sightings: ClientSightings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** With what the gateways know of the instance's certificates. */
  async of(
    instanceId: InstanceId,
    activating: Promise<Activation>,
  ): Promise<(certificate: ClientCertificate) => ClientCertificateResponse> {
    const [seen, activation] = await Promise.all([this.sightings.lastSeen(instanceId), activating]);
    const now = this.clock.now();
    return (certificate) =>
      clientCertificateResponse(certificate, {
        href: `${this.publicUrl}/v1/instances/${instanceId}/client_certificates/${certificate.id}`,
        now,
        sighting: seen.get(certificate.fingerprint),
        activation,
      });
  }
}
