import { InlineLoading } from '@carbon/react';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../api/problem';
import { ProblemView } from './problem-view';
import { Status } from './status';

/** Tries a change without making it, anew each time that somebody is asked. */
export function useDryRun(queryKey: readonly unknown[], run: () => Promise<unknown>): UseQueryResult {
  return useQuery({
    queryKey: ['dry-run', ...queryKey],
    queryFn: async () => {
      await run();
      return true;
    },
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  });
}

/** What the trial said: that nothing is in the way, or what is. */
export function DryRun({ trial }: { readonly trial: UseQueryResult }) {
  const { t } = useTranslation();
  if (trial.isPending) return <InlineLoading description={t('dryRun.running')} iconDescription={t('common.loading')} />;
  if (trial.isError) return <ProblemView problem={asProblem(trial.error)} title={t('dryRun.refused')} />;
  return <Status tone="good">{t('dryRun.passed')}</Status>;
}
