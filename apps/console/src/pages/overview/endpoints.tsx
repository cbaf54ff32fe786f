import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { Copyable } from '../../components/copyable';
import { type Fact, Facts } from '../../components/facts';
import { withColons } from '../../components/fingerprint';
import { Moment } from '../../components/times';

type Endpoint = Schemas['InstanceEndpoint'];

interface EndpointsProps {
  readonly endpoints: readonly Endpoint[];
  /** Everything, or what one step takes. */
  readonly show?: 'all' | 'address' | 'fingerprints';
}

/** Both addresses, with what vCenter shows before somebody clicks Trust. */
export function Endpoints({ endpoints, show = 'all' }: EndpointsProps) {
  return (
    <div className="k-cards">
      {endpoints.map((endpoint) => (
        <EndpointCard key={endpoint.name} endpoint={endpoint} show={show} />
      ))}
    </div>
  );
}

function EndpointCard({ endpoint, show }: { readonly endpoint: Endpoint } & Required<Pick<EndpointsProps, 'show'>>) {
  const addresses = useAddress(endpoint);
  const certificates = useServerCertificate(endpoint);
  return (
    <div className="k-card" role="group" aria-label={endpoint.name}>
      <h3>{endpoint.name}</h3>
      <Facts facts={[...(show === 'fingerprints' ? [] : addresses), ...(show === 'address' ? [] : certificates)]} />
    </div>
  );
}

function useAddress({ hostname, port }: Endpoint): readonly Fact[] {
  const { t } = useTranslation();
  return [
    [t('endpoint.address'), <Copyable key="a" what={t('endpoint.address')} text={hostname} />],
    [t('endpoint.port'), <Copyable key="p" what={t('endpoint.port')} text={String(port)} />],
  ];
}

function useServerCertificate({
  server_certificate: certificate,
  next_server_certificate: next,
}: Endpoint): readonly Fact[] {
  const { t } = useTranslation();
  const announced = useAnnounced(next);
  if (certificate === undefined) return [[t('endpoint.certificate'), t('endpoint.unknown')], ...announced];
  const [sha1, sha256] = [withColons(certificate.sha1_fingerprint), withColons(certificate.sha256_fingerprint)];
  return [
    [t('endpoint.sha1'), <Copyable key="1" what={t('endpoint.sha1')} text={sha1} />],
    [t('endpoint.sha256'), <Copyable key="256" what={t('endpoint.sha256')} text={sha256} />],
    [t('endpoint.expires'), <Moment key="e" at={certificate.expires_at} />],
    ...announced,
  ];
}

/** What the endpoint will present: to be compared when vCenter meets it. */
function useAnnounced(next: Endpoint['next_server_certificate']): readonly Fact[] {
  const { t } = useTranslation();
  if (next === undefined) return [];
  const sha256 = withColons(next.sha256_fingerprint);
  return [
    [t('endpoint.next'), <Copyable key="next" what={t('endpoint.next')} text={sha256} />],
    [t('endpoint.nextExpires'), <Moment key="nextExpires" at={next.expires_at} />],
  ];
}
