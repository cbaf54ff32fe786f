import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { webhookQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Copyable } from '../../components/copyable';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { Notice } from '../../components/notice';
import { isAbsent } from '../../components/optional';
import { Section } from '../../components/page';
import { Deliveries } from './deliveries';
import { RemoveWebhook } from './remove-webhook';
import { SetWebhook } from './set-webhook';
import { TestWebhook } from './test-webhook';

type Webhook = Schemas['InstanceWebhook'];

export function WebhookPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  const verdict = may('webhook.read');
  return (
    <InstancePage title={t('nav.webhook')} intro={<p>{t('webhook.intro')}</p>}>
      {verdict.allowed ? <TheWebhook /> : <NeedsRole verdict={verdict} />}
    </InstancePage>
  );
}

function TheWebhook() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(webhookQuery(instance.id));
  // It is in the answer of the call that made it and nowhere else: it lives as long as this page.
  const [secret, setSecret] = useState<string>();
  if (isAbsent(query.error)) {
    return (
      <>
        <Empty title={t('webhook.none.title')}>
          <p>{t('webhook.none.text')}</p>
          <p>{t('webhook.none.receiver')}</p>
        </Empty>
        <Section title={t('webhook.set.title')}>
          <SetWebhook webhook={undefined} onSecret={setSecret} />
        </Section>
      </>
    );
  }
  return (
    <Loaded query={query} failed={t('webhook.unreadable')}>
      {(webhook) => <Existing webhook={webhook} secret={secret} onSecret={setSecret} />}
    </Loaded>
  );
}

interface ExistingProps {
  readonly webhook: Webhook;
  readonly secret: string | undefined;
  readonly onSecret: (secret: string | undefined) => void;
}

function Existing({ webhook, secret, onSecret }: ExistingProps) {
  const { t } = useTranslation();
  return (
    <>
      {secret !== undefined && <Secret secret={secret} />}
      <Section title={t('webhook.deliveries.title')} intro={t('webhook.deliveries.intro')}>
        <Deliveries webhook={webhook} />
        <TestWebhook />
      </Section>
      <Section title={t('webhook.set.change')} intro={t('webhook.set.changeIntro')}>
        <SetWebhook key={webhook.updated_at} webhook={webhook} onSecret={onSecret} />
      </Section>
      <Section title={t('webhook.remove.act')} intro={t('webhook.remove.intro')}>
        <RemoveWebhook webhook={webhook} onDone={() => onSecret(undefined)} />
      </Section>
    </>
  );
}

function Secret({ secret }: { readonly secret: string }) {
  const { t } = useTranslation();
  return (
    <div className="k-card k-card--warning" role="group" aria-label={t('webhook.secret.title')}>
      <Notice kind="warning" title={t('webhook.secret.title')} text={t('webhook.secret.text')} />
      <Copyable what={t('webhook.secret.name')} text={secret} />
    </div>
  );
}
