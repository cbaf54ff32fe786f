import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Attempt } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Breakable } from '../../components/breakable';
import { withColons } from '../../components/fingerprint';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { useTimes, When } from '../../components/times';
import { useVerdict } from '../../components/verdict-words';
import { isStranger } from '../connect/arrivals';
import { Adopt } from './adopt';

export function AttemptRows({ attempts }: { readonly attempts: readonly Attempt[] }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  const columns: readonly Column<Attempt>[] = [
    { key: 'verdict', header: t('diagnosis.what'), cell: (attempt) => <What attempt={attempt} /> },
    { key: 'certificate', header: t('certificate.title'), cell: (attempt) => <Presented attempt={attempt} /> },
    {
      key: 'from',
      header: t('diagnosis.from'),
      cell: ({ address, endpoint }) => (
        <>
          <code>{address}</code> <span className="k-quiet k-unbroken">→ {endpoint}</span>
        </>
      ),
    },
    { key: 'last', header: t('diagnosis.last'), cell: ({ last_at }) => <When at={last_at} /> },
    { key: 'count', header: t('diagnosis.count'), numeric: true, cell: ({ occurrences }) => number(occurrences) },
  ];
  return <Rows label={t('diagnosis.attempts')} columns={columns} rows={attempts} idOf={({ id }) => id} />;
}

function What({ attempt }: { readonly attempt: Attempt }) {
  const { t } = useTranslation();
  const { message, remedy } = useVerdict()(attempt);
  const accepted = attempt.verdict === 'accepted';
  return (
    <div className="k-arrival">
      <Status tone={accepted ? 'good' : 'bad'}>
        <span lang={message.lang}>{message.text}</span>
      </Status>
      {!accepted && (
        <p>
          <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
        </p>
      )}
      {isStranger(attempt) && <Adopt attempt={attempt} />}
    </div>
  );
}

function Presented({ attempt: { certificate, nearest_certificate } }: { readonly attempt: Attempt }) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  if (certificate === undefined) return <span className="k-quiet">{t('diagnosis.noCertificate')}</span>;
  const isNearest = nearest_certificate?.sha256_fingerprint === certificate.sha256_fingerprint;
  return (
    <>
      {nearest_certificate && (
        <p>
          {!isNearest && `${t('diagnosis.nearest')} `}
          <Link className="cds--link" to={`/instances/${instance.id}/certificates/${nearest_certificate.id}`}>
            {nearest_certificate.name}
          </Link>
        </p>
      )}
      <p>{certificate.subject}</p>
      <p className="k-quiet">
        <code>
          <Breakable text={withColons(certificate.sha1_fingerprint ?? certificate.sha256_fingerprint)} />
        </code>
      </p>
    </>
  );
}
