import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { type Column, Rows } from '../../components/rows';
import { Status, type Tone } from '../../components/status';
import { Moment } from '../../components/times';
import { useWords } from '../../i18n/words';

type Check = Schemas['InstanceRootKeyCheck'];
type Step = Schemas['InstanceRootKeyCheckStep'];

const TONES: Readonly<Record<Step['result'], Tone>> = {
  passed: 'good',
  failed: 'bad',
  warning: 'warning',
  skipped: 'none',
};

/** Each call that a root key has to serve, as it was tried a moment ago: what for, with which right, how it went, what helps. */
export function Preflight({ check }: { readonly check: Check }) {
  const { t } = useTranslation();
  const said = useWords();
  const columns: readonly Column<Step>[] = [
    {
      key: 'result',
      header: t('preflight.result'),
      cell: ({ result }) => <Status tone={TONES[result]}>{t(`preflight.results.${result}`)}</Status>,
    },
    {
      key: 'purpose',
      header: t('preflight.purpose'),
      cell: ({ code, purpose }) => {
        const { text, lang } = said('check_purpose', code, purpose);
        return <span lang={lang}>{text}</span>;
      },
    },
    {
      key: 'permission',
      header: t('preflight.permission'),
      cell: ({ permission }) => (permission === '' ? '–' : <span lang="en">{permission}</span>),
    },
    {
      key: 'message',
      header: t('preflight.message'),
      cell: ({ result, message, remedy }) => (
        <>
          {result === 'passed' ? t('preflight.works') : <span lang="en">{message}</span>}
          {remedy !== undefined && (
            <p>
              <strong>{t('common.remedy')}</strong> <span lang="en">{remedy}</span>
            </p>
          )}
        </>
      ),
    },
  ];
  return (
    <div className="k-preflight">
      <p>
        <Status tone={check.passed ? 'good' : 'bad'}>
          {t(check.passed ? 'preflight.passed' : 'preflight.refused')}
        </Status>
      </p>
      {!check.destroy_permitted && <Status tone="warning">{t('preflight.noDestroy')}</Status>}
      <p className="k-quiet">
        {t('preflight.at')} <Moment at={check.checked_at} />
      </p>
      <Rows label={t('preflight.title')} columns={columns} rows={check.steps} idOf={({ code }) => code} />
    </div>
  );
}
