import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';

import { answerOf, api } from '../../api/client';
import { keyOf } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { useSession } from '../../app/session-gate';
import { ActionButton } from '../../components/action-button';
import { DryRun, useDryRun } from '../../components/dry-run';
import { download } from '../../components/download';
import { Guard } from '../../components/guard';
import { ProofFiles } from '../audit/proof-files';

type Plan = Schemas['InstanceShredPlan'];

interface PlanProps {
  readonly plan: Plan;
}

interface AskedProps extends PlanProps {
  readonly onClose: () => void;
}

/** A second person says yes, and then somebody begins; what was shown afterwards is a document. */
export function PlanActions({ plan }: PlanProps) {
  const { t } = useTranslation();
  const { may } = useInstance();
  const { user } = useSession();
  const [asked, setAsked] = useState<Act>();
  const close = (): void => setAsked(undefined);
  const verdict = may('key.delete');
  const own = plan.created_by === user.iam_id;
  const waits = plan.second_person && plan.state === 'draft';
  return (
    <div className="k-plan">
      {waits && <p>{t(own ? 'shred.waitsForOther' : 'shred.waitsForYou')}</p>}
      <div className="k-actions">
        {waits && (
          <ActionButton size="md" verdict={verdict} disabled={own} onClick={() => setAsked('confirm')}>
            {t('shred.confirm.act')}
          </ActionButton>
        )}
        {!waits && plan.state !== 'completed' && (
          <ActionButton size="md" kind="danger" verdict={verdict} onClick={() => setAsked('execute')}>
            {t(plan.state === 'executing' ? 'shred.execute.goOn' : 'shred.execute.act')}
          </ActionButton>
        )}
        {plan.finished_at !== undefined && <Proof plan={plan} />}
        {plan.state !== 'executing' && (
          <ActionButton size="md" kind="ghost" verdict={verdict} onClick={() => setAsked('delete')}>
            {t('shred.delete.act')}
          </ActionButton>
        )}
      </div>
      {asked && <Question asked={asked} plan={plan} onClose={close} />}
    </div>
  );
}

type Act = 'confirm' | 'execute' | 'delete';

function Question({ asked, ...about }: AskedProps & { readonly asked: Act }) {
  switch (asked) {
    case 'confirm':
      return <Confirm {...about} />;
    case 'execute':
      return <Execute {...about} />;
    case 'delete':
      return <Delete {...about} />;
  }
}

function Confirm({ plan, onClose }: AskedProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const confirm = useChange(instance.id, ['shred_plans', 'audit'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/shred_plans/{id}/confirm', {
        params: { path: { instance_id: instance.id, id: plan.id }, query: { confirm: plan.hash } },
      }),
    ),
  );
  return (
    <Guard
      title={t('shred.confirm.act')}
      act={t('shred.confirm.act')}
      name={instance.name}
      change={confirm}
      onClose={onClose}
    >
      <p>{t('shred.confirm.text', { count: plan.key_count })}</p>
    </Guard>
  );
}

/** The service works for a quarter of a minute at a time; what is left is asked for again until nothing is. */
function Execute({ plan, onClose }: AskedProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const run = (dryRun: boolean) =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/shred_plans/{id}/execute', {
        params: {
          path: { instance_id: instance.id, id: plan.id },
          query: { confirm: plan.hash },
          ...(dryRun && { header: { 'IBM-API-Dry-Run': 'validate' as const } }),
        },
      }),
    );
  const trial = useDryRun(keyOf(instance.id, 'shred_plans', plan.id, plan.state), () => run(true));
  const execute = useChange(instance.id, ['shred_plans', 'keys', 'audit', 'usage'], async () => {
    let shown = -1;
    for (;;) {
      const after = await run(false);
      // What does not come on is told by its failures, not tried for ever.
      if (after?.state !== 'executing' || after.shown_count <= shown) return;
      shown = after.shown_count;
    }
  });
  return (
    <Guard
      title={t('shred.execute.act')}
      act={t('shred.execute.act')}
      name={instance.name}
      blocked={!trial.isSuccess}
      change={execute}
      onClose={onClose}
    >
      <p>
        <strong>{t('shred.execute.stops', { count: plan.key_count })}</strong>
      </p>
      <p>{t('shred.execute.text')}</p>
      <DryRun trial={trial} />
    </Guard>
  );
}

function Delete({ plan, onClose }: AskedProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const navigate = useNavigate();
  const remove = useChange(instance.id, ['shred_plans', 'audit'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/shred_plans/{id}', {
        params: { path: { instance_id: instance.id, id: plan.id }, query: { confirm: plan.hash } },
      }),
    ),
  );
  return (
    <Guard
      title={t('shred.delete.act')}
      act={t('shred.delete.act')}
      change={remove}
      onDone={() => void navigate(`/instances/${instance.id}/shred`)}
      onClose={onClose}
    >
      <p>{t('shred.delete.text')}</p>
    </Guard>
  );
}

/** The record, and the keys that signed it: with both anybody can check it without us. */
function Proof({ plan }: PlanProps) {
  const { may } = useInstance();
  return (
    <>
      <Record plan={plan} />
      {may('audit.read').allowed && <ProofFiles files={['keySet']} />}
    </>
  );
}

function Record({ plan }: PlanProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const fetchRecord = useChange(instance.id, [], async () => {
    const record = await answerOf(
      api.GET('/v1/instances/{instance_id}/shred_plans/{id}/record', {
        params: { path: { instance_id: instance.id, id: plan.id } },
      }),
    );
    download(`shred-record-${plan.id}.json`, JSON.stringify(record, undefined, 2), 'application/json');
  });
  return (
    <ActionButton
      size="md"
      kind="tertiary"
      verdict={{ allowed: true }}
      disabled={fetchRecord.isPending}
      onClick={() => fetchRecord.mutate()}
    >
      {t('shred.record')}
    </ActionButton>
  );
}
