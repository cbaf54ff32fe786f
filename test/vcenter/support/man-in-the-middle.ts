import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, request as httpsRequest, type Server } from 'node:https';

import { issueCertificateAuthority, issueServerCertificate } from '@lib/pki';

export interface Passing {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
/** @param name of the method or property @returns what goes on in its place; undefined where it was answered by itself */
export type Tampering = (name: string, answer: Passing, response: ServerResponse) => Passing | undefined;

/** Stands between the tool and the stand-in, with a certificate of its own: a vCenter that answers what it likes. */
export class ManInTheMiddle {
  tamper: Tampering = (_name, answer) => answer;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<ManInTheMiddle> {
    const ca = await issueCertificateAuthority({ commonName: 'Middle', validDays: 2 });
    const { certificatePem: cert, privateKeyPem } = await issueServerCertificate(ca, {
      commonName: 'vcenter',
      dnsNames: [],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
      keyKind: 'ec-p256',
    });
    const server = createServer({ cert, key: privateKeyPem.exposeText() }, (incoming, response) => {
      void forward(target, incoming).then((answer) => {
        const name = (incoming.url ?? '').split('/').at(-1) ?? '';
        const passed = middle.tamper(name, answer, response);
        if (passed === undefined) return;
        response.writeHead(passed.status, passed.headers);
        response.end(passed.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    const middle = new ManInTheMiddle(server, `https://127.0.0.1:${address.port}`);
    return middle;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function forward(target: string, incoming: IncomingMessage): Promise<Passing> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = without(['host'], incoming.headers);
  return await new Promise((resolve, reject) => {
    const options = { method: incoming.method, headers, rejectUnauthorized: false };
    const outgoing = httpsRequest(`${target}${incoming.url ?? ''}`, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const passed = without(['content-length', 'connection'], answer.headers);
        resolve({ status: answer.statusCode ?? 0, headers: passed, body: Buffer.concat(parts).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(Buffer.concat(chunks));
  });
}

const without = (names: readonly string[], headers: IncomingMessage['headers']): Passing['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
