import { Button } from '@carbon/react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { auditHeadQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Facts } from '../../components/facts';
import { Loaded } from '../../components/loaded';
import { ProblemView } from '../../components/problem-view';
import { Status } from '../../components/status';
import { Moment, useTimes } from '../../components/times';
import { requestLog } from './log-request';
import { ProofFiles } from './proof-files';
import { linesOf, type Verification, verifyLog } from './verify';

type Head = Schemas['InstanceAuditHead'];

/** What the service says of its log, and what this browser finds when it looks itself. */
export function VerifyLog() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(auditHeadQuery(instance.id));
  const check = useMutation({ mutationFn: () => verify(instance.id) });
  return (
    <div className="k-form">
      <Loaded query={query}>{(head) => <HeadFacts head={head} />}</Loaded>
      <div className="k-actions">
        <Button kind="tertiary" size="md" disabled={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? t('common.working') : t('audit.verify.act')}
        </Button>
        <ProofFiles />
      </div>
      {check.isError && <ProblemView problem={asProblem(check.error)} title={t('audit.verify.failed')} />}
      {check.data && <Outcome verification={check.data} />}
      <p className="k-quiet">{t('audit.verify.offline')}</p>
    </div>
  );
}

/** The head first: records that come after it are no fault. */
async function verify(instance_id: string): Promise<Verification> {
  const path = { instance_id };
  const head = await answerOf(api.GET('/v1/instances/{instance_id}/audit_head', { params: { path } }));
  const keys = await answerOf(api.GET('/v1/instances/{instance_id}/audit_key_set', { params: { path } }));
  const { body } = await requestLog(instance_id, undefined);
  if (body === null) return { result: 'unusable', fault: 'not_signed' };
  return await verifyLog(linesOf(body), head.jws, keys);
}

function HeadFacts({ head }: { readonly head: Head }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  return (
    <Facts
      facts={[
        [
          t('audit.verify.state'),
          <Status key="s" tone={head.state === 'signed' ? 'good' : head.state === 'contradicted' ? 'bad' : 'warning'}>
            {t(`audit.verify.states.${head.state}`)}
          </Status>,
        ],
        head.record_count !== undefined && [t('audit.verify.records'), number(head.record_count)],
        head.signed_at !== undefined && [t('audit.verify.signedAt'), <Moment key="a" at={head.signed_at} />],
        head.key_id !== undefined && [t('audit.verify.key'), <code key="k">{head.key_id}</code>],
      ]}
    />
  );
}

function Outcome({ verification }: { readonly verification: Verification }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  switch (verification.result) {
    case 'intact':
      return (
        <Status tone={verification.signed ? 'good' : 'warning'}>
          {t(verification.signed ? 'audit.verify.intact' : 'audit.verify.intactUnsigned', {
            records: number(verification.records),
          })}
        </Status>
      );
    case 'changed':
      return (
        <Status tone="bad">
          {t('audit.verify.changed', { at: verification.at ?? '–' })} {t(`audit.verify.faults.${verification.fault}`)}
        </Status>
      );
    case 'unusable':
      return <Status tone="warning">{t(`audit.verify.unusable.${verification.fault}`)}</Status>;
  }
}
