import { SkeletonText } from '@carbon/react';
import { type UseQueryResult } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../api/problem';
import { Notice } from './notice';
import { ProblemView } from './problem-view';
import { useTimes } from './times';

interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
  /** In place of lines of grey while the first answer is on its way. */
  readonly placeholder?: ReactNode;
  readonly failed?: string;
  /** Whether what was asked for before stays until the next is there; it is shown to be on its way. */
  readonly paged?: boolean;
}

/** What a query brought; or why not. Old data stay on the page while the service is away, and say how old they are. */
export function Loaded<T>({ query, children, placeholder, failed, paged = false }: LoadedProps<T>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <Outdated query={query} />}
        {paged ? (
          <div className="k-paged" aria-busy={query.isPlaceholderData}>
            {children(query.data)}
          </div>
        ) : (
          children(query.data)
        )}
      </>
    );
  }
  if (query.isError) {
    return <ProblemView problem={asProblem(query.error)} title={failed} onRetry={() => void query.refetch()} />;
  }
  return placeholder ?? <Waiting />;
}

export function Waiting({ lines = 4 }: { readonly lines?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('common.loading')} className="k-waiting">
      <SkeletonText paragraph lineCount={lines} />
    </div>
  );
}

function Outdated({ query }: { readonly query: UseQueryResult }) {
  const { t } = useTranslation();
  const { time } = useTimes();
  return (
    <Notice
      kind="warning"
      title={t('common.outdated.title')}
      text={t('common.outdated.text', { time: time(new Date(query.dataUpdatedAt)) })}
    />
  );
}
