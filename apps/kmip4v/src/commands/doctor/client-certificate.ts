import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

import { toFingerprint } from '@lib/kernel';
import { type TenantApi } from '@lib/tenant-api-client';

import { usageFault } from '../../command-line/faults';
import { colons } from '../../output/views';
import { answerOf } from '../../tenant/asking';
import { allInstances } from '../../tenant/instance';
import { type ClientCertificate, type Instance } from '../../tenant/resources';
import { type Finding, findingsOf } from './finding';

export interface PresentedCertificate {
  readonly pem: string;
  readonly sha256: string;
  readonly x509: X509Certificate;
}

/** @throws CommandFault when it is none */
export function certificateIn(pem: string, file: string): PresentedCertificate {
  try {
    const x509 = new X509Certificate(pem);
    return { pem, x509, sha256: toFingerprint(x509.fingerprint256) };
  } catch {
    throw usageFault(`${file} holds no certificate in PEM`, 'copy it from vCenter, with its BEGIN and END lines');
  }
}

/** @throws CommandFault unless it is the private key of the certificate: every server would seem to hang up on it */
export function demandKeyOf({ x509 }: PresentedCertificate, pem: Buffer, file: string): void {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw usageFault(`${file} holds no private key in PEM that can be read`, 'give it without a passphrase');
  }
  if (!x509.checkPrivateKey(key)) {
    throw usageFault(`${file} holds the private key of another certificate`, 'give the one that was made with it');
  }
}

/** Its dates, and which of the caller's instances let it in. */
export async function certificateFindings(
  api: TenantApi,
  instance: string,
  certificate: PresentedCertificate,
): Promise<readonly Finding[]> {
  return [validity(certificate.x509), ...(await listings(api, instance, certificate))];
}

function validity(x509: X509Certificate): Finding {
  const { passed, failed } = findingsOf('certificate', x509.subject.replaceAll('\n', ', '));
  const now = Date.now();
  const another = 'make another one in vCenter, and add it: kmip4v certificate add';
  if (Date.parse(x509.validTo) < now) return failed(`expired on ${x509.validTo}`, another);
  if (Date.parse(x509.validFrom) > now)
    return failed(`valid from ${x509.validFrom} only`, 'check the clock of vCenter');
  return passed(`valid until ${x509.validTo}`);
}

async function listings(
  api: TenantApi,
  instance: string,
  { sha256 }: PresentedCertificate,
): Promise<readonly Finding[]> {
  const { passed, warning, failed } = findingsOf('listed', `SHA-256 ${colons(sha256)}`);
  const instances = await allInstances(api);
  const found = (await Promise.all(instances.map((each) => listedIn(api, each, sha256)))).flat();
  const here = found.find(({ of }) => of.id === instance);
  const elsewhere = found.filter(({ of }) => of.id !== instance).map(({ of }) => of.name);
  if (here === undefined) {
    const where =
      elsewhere.length === 0 ? 'in no instance that you may see' : `in ${elsewhere.join(', ')}, not in this one`;
    return [failed(where, 'kmip4v certificate add NAME --file FILE')];
  }
  const { name, births, activation } = here.certificate;
  const text = `as ${name}${elsewhere.length === 0 ? '' : `; also in ${elsewhere.join(', ')}`}`;
  if (!activation.complete) {
    return [warning(`${text}; not yet let in by ${activation.pending.join(', ')}`, 'kmip4v wait certificate')];
  }
  if (births.place === 'here') return [passed(text)];
  return [
    (births.place === 'refused' ? failed : warning)(
      `${text}. ${births.message}`,
      'docs/who-may-connect.md says how to prove whose it is',
    ),
  ];
}

interface Listing {
  readonly of: Instance;
  readonly certificate: ClientCertificate;
}

async function listedIn(api: TenantApi, of: Instance, sha256: string): Promise<readonly Listing[]> {
  const params = { path: { instance_id: of.id }, query: { sha256_fingerprint: sha256 } };
  const { client_certificates: found } = await answerOf(
    api.GET('/v1/instances/{instance_id}/client_certificates', { params }),
  );
  return found.map((certificate) => ({ of, certificate }));
}
