import { useTranslation } from 'react-i18next';

import { isBound } from '../../api/is-bound';
import { useInstance } from '../../app/instance-layout';
import { Columns } from '../../components/columns';
import { InstancePage } from '../../components/instance-page';
import { NeedsRole } from '../../components/needs-role';
import { Section } from '../../components/page';
import { ApiKey } from './api-key';
import { BindRootKey } from './bind-root-key';
import { BoundRootKey } from './bound-root-key';
import { FormerRootKeys } from './former-root-keys';

export function RootKeyPage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('root-key.read');
  const parts = [<Standing key="standing" />, <SettingUp key="setting-up" />];
  return (
    <InstancePage title={t('nav.root-key')} intro={<p>{t('rootKey.intro')}</p>}>
      {verdict.allowed ? (
        <Columns>{isBound(instance) ? parts : parts.reverse()}</Columns>
      ) : (
        <NeedsRole verdict={verdict} />
      )}
    </InstancePage>
  );
}

/** What is looked at once it is set up. */
function Standing() {
  const { t } = useTranslation();
  return (
    <div>
      <Section title={t('rootKey.bound.title')} intro={t('rootKey.bound.intro')}>
        <BoundRootKey />
      </Section>
      <Section title={t('rootKey.former.title')} intro={t('rootKey.former.intro')}>
        <FormerRootKeys />
      </Section>
    </div>
  );
}

function SettingUp() {
  const { t } = useTranslation();
  return (
    <div>
      <Section title={t('apiKey.title')} intro={t('apiKey.intro')}>
        <ApiKey />
      </Section>
      <Section title={t('rootKey.bind.title')} intro={t('rootKey.bind.intro')} id="bind">
        <BindRootKey />
      </Section>
    </div>
  );
}
