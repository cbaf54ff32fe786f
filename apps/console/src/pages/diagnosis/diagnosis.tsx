import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { attemptsQuery } from '../../api/queries';
import { type Attempt } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { Section } from '../../components/page';
import { Pager } from '../../components/pager';
import { AttemptRows } from './attempt-rows';
import { Claims } from './claims';
import { VERDICTS } from './verdicts';

export function DiagnosisPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  const verdict = may('certificate.create');
  return (
    <InstancePage title={t('nav.diagnosis')} intro={<p>{t('diagnosis.intro')}</p>}>
      {verdict.allowed ? (
        <>
          <Section title={t('diagnosis.attempts')}>
            <Attempts />
          </Section>
          <Section title={t('claims.title')} intro={t('claims.intro')}>
            <Claims />
          </Section>
        </>
      ) : (
        <NeedsRole verdict={verdict} />
      )}
    </InstancePage>
  );
}

function Attempts() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const id = useId();
  const [search, setSearch] = useSearchParams();
  const verdict = search.get('verdict') ?? '';
  const start = search.get('start') ?? undefined;
  const query = useQuery(
    attemptsQuery(instance.id, { ...(verdict !== '' && { verdict }), ...(start !== undefined && { start }) }),
  );
  return (
    <>
      <div className="k-filters">
        <Select
          id={id}
          labelText={t('diagnosis.verdict')}
          value={verdict}
          onChange={({ target }) => setSearch(target.value === '' ? {} : { verdict: target.value })}
        >
          <SelectItem value="" text={t('diagnosis.all')} />
          {VERDICTS.map((code) => (
            <SelectItem key={code} value={code} text={t(`verdict.${code}.message`)} />
          ))}
        </Select>
      </div>
      <Loaded paged query={query} failed={t('diagnosis.unreadable')}>
        {({ connection_attempts, next }) => (
          <>
            <Found attempts={connection_attempts} filtered={verdict !== ''} />
            <Pager next={next?.start} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Found({ attempts, filtered }: { readonly attempts: readonly Attempt[]; readonly filtered: boolean }) {
  const { t } = useTranslation();
  if (attempts.length > 0) return <AttemptRows attempts={attempts} />;
  return (
    <Empty title={t(filtered ? 'diagnosis.empty.filtered' : 'diagnosis.empty.title')}>
      <p>{t('diagnosis.empty.text')}</p>
    </Empty>
  );
}
