import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { dayOf } from '../../components/day-of';
import { Original } from '../../components/original';
import { type Column, Rows } from '../../components/rows';
import { Status, type Tone } from '../../components/status';
import { Moment, useTimes } from '../../components/times';
import { permissionCode, type Said, useWords } from '../../i18n/words';

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
      cell: ({ permission }) => (permission === '' ? '–' : <Permission permission={permission} />),
    },
    { key: 'message', header: t('preflight.message'), cell: (step) => <Found step={step} /> },
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

/** `Reader (service role)`, as IAM's own pages call it in the language. */
function Permission({ permission }: Pick<Step, 'permission'>) {
  const said = useWords();
  const { text, lang } = said('permission', permissionCode(permission), permission);
  return <span lang={lang}>{text}</span>;
}

function Found({ step }: { readonly step: Step }) {
  const { t } = useTranslation();
  const { cause, remedy } = useFinding()(step);
  if (step.reason === undefined && step.result === 'passed') return t('preflight.works');
  return (
    <>
      <span lang={cause.lang}>{cause.text}</span>
      {remedy !== undefined && (
        <p>
          <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
        </p>
      )}
      {cause.lang === undefined && <Original text={[step.message, step.remedy ?? ''].join(' ').trim()} />}
    </>
  );
}

/** What a step has found, and what helps. */
function useFinding(): (step: Step) => { readonly cause: Said; readonly remedy: Said | undefined } {
  const said = useWords();
  const { day, number } = useTimes();
  const shown = (value: string): string => {
    if (/^\d+$/.test(value)) return number(Number(value));
    return /^\d{4}-\d\d-\d\d/.test(value) ? day(dayOf(value)) : value;
  };
  return ({ reason = '', message, remedy, values }) => ({
    cause: said(
      'check_reason',
      reason,
      message,
      Object.fromEntries(values.map(({ name, value }) => [name, shown(value)])),
    ),
    remedy: remedy === undefined ? undefined : said('check_reason_remedy', reason, remedy),
  });
}
