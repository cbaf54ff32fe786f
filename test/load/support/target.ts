import { Secret } from '@lib/kernel';
import { KmipClient, type KmipClientOptions, parseIdentity } from '@lib/kmip-client';

/** A KMIP server to be measured, and the processes whose CPU time counts. */
export interface Target {
  readonly name: string;
  readonly ports: readonly number[];
  readonly client: Omit<KmipClientOptions, 'port'>;
  /** Pids by role; read anew for each measurement. */
  processes(): Readonly<Record<string, number>>;
}

export const connect = ({ client, ports }: Target, lane: number): Promise<KmipClient> =>
  KmipClient.connect({ ...client, port: ports[lane % ports.length] ?? 0 });

/** With the identity parsed beforehand: else a handshake would measure how the load generator reads PEM texts. */
export function clientOf(clientCertificatePem: string, clientKeyPem: string, caPem: string): Target['client'] {
  const identity = {
    clientCertificatePem,
    clientKeyPem: Secret.fromText(clientKeyPem),
    serverTrust: { caPem },
  };
  return { ...identity, host: '127.0.0.1', secureContext: parseIdentity(identity) };
}

/** The same server, to which clients speak TLS 1.2, as vCenter does. */
export function withTls12(target: Target): Target {
  const identity = { ...target.client, tls: { maxVersion: 'TLSv1.2' } } as const;
  return { ...target, client: { ...identity, secureContext: parseIdentity(identity) } };
}
