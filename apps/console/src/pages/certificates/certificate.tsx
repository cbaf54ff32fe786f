import { Download } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';

import { certificateQuery } from '../../api/queries';
import { type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Columns } from '../../components/columns';
import { Copy, Copyable } from '../../components/copyable';
import { download } from '../../components/download';
import { type Fact, Facts } from '../../components/facts';
import { withColons } from '../../components/fingerprint';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { Section } from '../../components/page';
import { Status } from '../../components/status';
import { Moment } from '../../components/times';
import { useWords } from '../../i18n/words';
import { CertificateActions } from './certificate-actions';
import { Sightings } from './sightings';
import { Expiry, LastSeen } from './standing';

export function CertificatePage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('certificate.read');
  const { certificate: id = '' } = useParams();
  const query = useQuery({ ...certificateQuery(instance.id, id), enabled: verdict.allowed });
  return (
    <InstancePage
      verdict={verdict}
      title={query.data?.name ?? t('certificate.title')}
      crumbs={[{ to: 'certificates', text: t('nav.certificates') }]}
      actions={query.data && <CertificateActions certificate={query.data} />}
    >
      <Loaded query={query} failed={t('certificate.unreadable')}>
        {(certificate) => <Details certificate={certificate} />}
      </Loaded>
    </InstancePage>
  );
}

function Details({ certificate }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  return (
    <Columns>
      <Facts facts={[...useStanding(certificate), ...useMakeUp(certificate)]} />
      <div>
        {certificate.warnings.length > 0 && (
          <Section title={t('certificate.warnings')} intro={t('certificate.warningsIntro')}>
            <ul className="k-list">
              {certificate.warnings.map((warning) => (
                <li key={warning.code}>
                  <WarningLine warning={warning} />
                </li>
              ))}
            </ul>
          </Section>
        )}
        <Section title={t('certificate.sightings')} intro={t('certificate.sightingsIntro')}>
          <Sightings certificate={certificate} />
        </Section>
      </div>
    </Columns>
  );
}

function WarningLine({ warning: { code, message } }: { readonly warning: Certificate['warnings'][number] }) {
  const said = useWords();
  const { text, lang } = said('certificate_warning', code, message);
  return (
    <Status tone="warning">
      <span lang={lang}>{text}</span>
    </Status>
  );
}

function Pem({ certificate: { name, certificate } }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  return (
    <span className="k-copyable">
      <Button kind="ghost" size="sm" renderIcon={Download} onClick={() => download(`${name}.pem`, certificate)}>
        {t('connect.client.downloadCertificate')}
      </Button>
      <Copy what={t('certificate.pem')} text={certificate} />
    </span>
  );
}

function useStanding(certificate: Certificate): readonly Fact[] {
  const { t } = useTranslation();
  const said = useWords();
  const { proof, births, keys_elsewhere } = certificate;
  const birth = said('births', births.reason, births.message);
  return [
    [t('certificate.seen'), <LastSeen key="s" certificate={certificate} />],
    [t('certificate.expires'), <Expiry key="e" exact at={certificate.expires_at} />],
    [
      t('certificate.proof'),
      proof ? (
        <Status key="p" tone="good">
          {t(`certificate.proofs.${proof.kind}`)}
          <span className="k-quiet">
            {' · '}
            <Moment at={proof.proven_at} />
          </span>
        </Status>
      ) : (
        t('certificate.unproven')
      ),
    ],
    [
      t('certificate.births'),
      <span key="b" lang={birth.lang}>
        {birth.text}
      </span>,
    ],
    keys_elsewhere !== undefined &&
      keys_elsewhere > 0 && [t('certificate.elsewhere'), t('certificate.elsewhereCount', { count: keys_elsewhere })],
  ];
}

function useMakeUp(certificate: Certificate): readonly Fact[] {
  const { t } = useTranslation();
  const [sha1, sha256] = [withColons(certificate.sha1_fingerprint), withColons(certificate.sha256_fingerprint)];
  return [
    [t('endpoint.sha1'), <Copyable key="1" what={t('endpoint.sha1')} text={sha1} />],
    [t('endpoint.sha256'), <Copyable key="2" what={t('endpoint.sha256')} text={sha256} />],
    [t('certificate.subject'), certificate.subject],
    [t('certificate.issuer'), certificate.issuer],
    [t('certificate.serial'), <code key="n">{certificate.serial_number}</code>],
    [t('certificate.keyType'), certificate.key_type.replaceAll('_', ' ').toUpperCase()],
    [t('certificate.validFrom'), <Moment key="v" at={certificate.valid_from} />],
    [t('certificate.added'), <Moment key="a" at={certificate.created_at} />],
    [t('certificate.pem'), <Pem key="pem" certificate={certificate} />],
  ];
}
