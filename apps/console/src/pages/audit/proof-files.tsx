import { Button } from '@carbon/react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useInstance } from '../../app/instance-layout';
import { download } from '../../components/download';
import { ProblemView } from '../../components/problem-view';

const FILES = ['head', 'keySet'] as const;
type ProofFile = (typeof FILES)[number];

interface ProofFilesProps {
  readonly files?: readonly ProofFile[];
}

/** What the offline check takes beside the log or the record: where it ends, as it is signed, and the keys that sign. */
export function ProofFiles({ files = FILES }: ProofFilesProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const take = useMutation({
    mutationFn: async (file: ProofFile) => {
      const content = await contentOf(file, instance.id);
      const name = file === 'head' ? `audit-head-${instance.name}.json` : `audit-key-set-${instance.name}.json`;
      download(name, JSON.stringify(content, undefined, 2), 'application/json');
    },
  });
  return (
    <>
      {files.map((file) => (
        <Button key={file} kind="ghost" size="md" disabled={take.isPending} onClick={() => take.mutate(file)}>
          {t(`audit.verify.files.${file}`)}
        </Button>
      ))}
      {take.isError && <ProblemView problem={asProblem(take.error)} title={t('audit.exportFailed')} />}
    </>
  );
}

async function contentOf(file: ProofFile, instance_id: string): Promise<unknown> {
  const params = { path: { instance_id } };
  return file === 'head'
    ? await answerOf(api.GET('/v1/instances/{instance_id}/audit_head', { params }))
    : await answerOf(api.GET('/v1/instances/{instance_id}/audit_key_set', { params }));
}
