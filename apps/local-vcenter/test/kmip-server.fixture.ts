import { KmipListener } from '@lib/kmip-transport';
import { issueCertificateAuthority, type IssuedCertificate, issueServerCertificate } from '@lib/pki';
import { EngineHarness } from '@lib/testing';

let authority: Promise<IssuedCertificate> | undefined;

/** Our engine behind our listener, in memory: a key server that lets in whom a test lets in. */
export class KmipServer {
  private constructor(
    readonly engine: EngineHarness,
    readonly certificatePem: string,
    readonly port: number,
    private readonly listener: KmipListener,
    private readonly allowed: Set<string>,
  ) {}

  /** @param shared a second endpoint of the same service */
  static async start(shared?: KmipServer): Promise<KmipServer> {
    authority ??= issueCertificateAuthority({ commonName: 'KMIP test CA', validDays: 2 });
    const certificate = await issueServerCertificate(await authority, {
      commonName: 'localhost',
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
      keyKind: 'ec-p256',
    });
    const engine = shared?.engine ?? new EngineHarness();
    const allowed = shared?.allowed ?? new Set<string>();
    const listener = new KmipListener({
      host: '127.0.0.1',
      port: 0,
      certificate,
      handler: {
        admit: ({ fingerprint = '' }) => (allowed.has(fingerprint) ? 'known' : { refuse: 'not registered' }),
        handleMessage: async (message) => ({ response: await engine.engine.handle(message, engine.scope()) }),
      },
    });
    const { port } = await listener.listen();
    return new KmipServer(engine, certificate.certificatePem, port, listener, allowed);
  }

  /** The certificate with this SHA-256, in colon form, may use every key. */
  allow(fingerprint256: string): void {
    this.allowed.add(fingerprint256.replaceAll(':', '').toLowerCase());
  }

  allowNobody(): void {
    this.allowed.clear();
  }

  async close(): Promise<void> {
    await this.listener.close({ graceMs: 0 });
  }
}
