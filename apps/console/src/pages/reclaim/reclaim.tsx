import { useTranslation } from 'react-i18next';

import { useInstance } from '../../app/instance-layout';
import { InstancePage } from '../../components/instance-page';
import { NeedsRole } from '../../components/needs-role';
import { Section } from '../../components/page';
import { InventoryAndCandidates } from './inventory';
import { Quarantine } from './quarantine';

/** vCenter never destroys a key. From what is in use to what may go: inventory, candidates, quarantine, plan. */
export function ReclaimPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  const verdict = may('key.list');
  return (
    <InstancePage title={t('nav.reclaim')} intro={<p>{t('reclaim.intro')}</p>}>
      {verdict.allowed ? (
        <>
          <InventoryAndCandidates />
          <Section title={t('reclaim.quarantine.title')} intro={t('reclaim.quarantine.intro')}>
            <Quarantine />
          </Section>
        </>
      ) : (
        <NeedsRole verdict={verdict} />
      )}
    </InstancePage>
  );
}
