import { ActionableNotification, Button, CopyButton } from '@carbon/react';
import { useTranslation } from 'react-i18next';

import { type Problem } from '../api/problem';
import { type Fault } from '../api/schema';
import { useFaultWords } from '../i18n/fault-words';
import { Original } from './original';

export interface ProblemViewProps {
  readonly problem: Problem;
  /** What was attempted, as a heading: "The keys could not be read". */
  readonly title?: string | undefined;
  readonly onRetry?: (() => void) | undefined;
}

/** What went wrong, what helps, and the id under which the operator finds it. */
export function ProblemView({ problem, title, onRetry }: ProblemViewProps) {
  const { t } = useTranslation();
  return (
    <div className="k-problem" role="alert">
      <ActionableNotification
        inline
        lowContrast
        hideCloseButton
        role="group"
        aria-label={t('problem.label')}
        statusIconDescription={t('problem.label')}
        kind={problem.passing ? 'warning' : 'error'}
        title={title ?? t('problem.title')}
      >
        <div className="k-problem__body">
          <Causes problem={problem} />
          {problem.retryAfterSeconds !== undefined && (
            <p>{t('problem.retryAfter', { count: problem.retryAfterSeconds })}</p>
          )}
          {problem.trace !== undefined && <Trace trace={problem.trace} />}
          {onRetry && (
            <Button size="sm" kind="tertiary" onClick={onRetry}>
              {t('common.tryAgain')}
            </Button>
          )}
        </div>
      </ActionableNotification>
    </div>
  );
}

function Causes({ problem }: { readonly problem: Problem }) {
  const { t } = useTranslation();
  if (problem.kind !== 'refused') {
    return (
      <>
        <p>{t(`problem.${problem.kind}.cause`)}</p>
        <p>{t(`problem.${problem.kind}.remedy`)}</p>
      </>
    );
  }
  if (problem.faults.length === 0) return <p>{t('problem.stranger', { status: problem.status })}</p>;
  return problem.faults.map((fault) => <Cause key={fault.code + fault.message} fault={fault} trace={problem.trace} />);
}

function Cause({ fault, trace }: { readonly fault: Fault; readonly trace: string | undefined }) {
  const { t } = useTranslation();
  const { cause, remedy } = useFaultWords()(fault);
  return (
    <>
      <p lang={cause.lang}>{cause.text}</p>
      {remedy !== undefined && <p lang={remedy.lang}>{remedy.text}</p>}
      {cause.lang === undefined && <Original text={`${fault.code}: ${fault.message}`} trace={trace} />}
      <p>
        <a
          href={`/v1/errors#error-${encodeURIComponent(fault.code)}`}
          className="cds--link"
          target="_blank"
          rel="noreferrer"
        >
          {t('problem.moreInfo', { code: fault.code })}
        </a>
      </p>
    </>
  );
}

function Trace({ trace }: { readonly trace: string }) {
  const { t } = useTranslation();
  return (
    <p className="k-problem__trace">
      <span>{t('problem.trace')}</span> <code>{trace}</code>
      <CopyButton
        iconDescription={t('common.copyNamed', { what: t('problem.trace') })}
        feedback={t('common.copied')}
        onClick={() => void navigator.clipboard.writeText(trace)}
      />
    </p>
  );
}
