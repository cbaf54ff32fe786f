import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { Copyable } from '../../components/copyable';
import { Facts } from '../../components/facts';
import { withColons } from '../../components/fingerprint';
import { Moment } from '../../components/times';

type Endpoint = Schemas['InstanceEndpoint'];

/** Both addresses, with what vCenter shows before somebody clicks Trust. */
export function Endpoints({ endpoints }: { readonly endpoints: readonly Endpoint[] }) {
  const { t } = useTranslation();
  return (
    <div className="k-cards">
      {endpoints.map((endpoint) => (
        <div key={endpoint.name} className="k-card" role="group" aria-label={endpoint.name}>
          <h3>{endpoint.name}</h3>
          <Facts
            facts={[
              [t('endpoint.address'), <Copyable key="a" what={t('endpoint.address')} text={endpoint.hostname} />],
              [t('endpoint.port'), <Copyable key="p" what={t('endpoint.port')} text={String(endpoint.port)} />],
              ...certificateFacts(endpoint, t),
            ]}
          />
        </div>
      ))}
    </div>
  );
}

function certificateFacts({ server_certificate: certificate }: Endpoint, t: ReturnType<typeof useTranslation>['t']) {
  if (certificate === undefined) return [[t('endpoint.certificate'), t('endpoint.unknown')]] as const;
  const [sha1, sha256] = [withColons(certificate.sha1_fingerprint), withColons(certificate.sha256_fingerprint)];
  return [
    [t('endpoint.sha1'), <Copyable key="1" what={t('endpoint.sha1')} text={sha1} />],
    [t('endpoint.sha256'), <Copyable key="256" what={t('endpoint.sha256')} text={sha256} />],
    [t('endpoint.expires'), <Moment key="e" at={certificate.expires_at} />],
  ] as const;
}
