import { Download } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { asProblem } from '../../api/problem';
import { useInstance } from '../../app/instance-layout';
import { download } from '../../components/download';
import { ProblemView } from '../../components/problem-view';
import { periodOf } from './audit-search';
import { requestLog } from './log-request';

/** The log of the days that are searched, with its chain: what the offline check reads. */
export function ExportLog() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const fetchLog = useMutation({
    mutationFn: async () => {
      const response = await requestLog(instance.id, periodOf(search).occurred_at);
      download(`audit-${instance.name}.ndjson`, await response.blob());
    },
  });
  return (
    <>
      <Button size="md" renderIcon={Download} disabled={fetchLog.isPending} onClick={() => fetchLog.mutate()}>
        {fetchLog.isPending ? t('common.working') : t('audit.export')}
      </Button>
      {fetchLog.isError && <ProblemView problem={asProblem(fetchLog.error)} title={t('audit.exportFailed')} />}
    </>
  );
}
