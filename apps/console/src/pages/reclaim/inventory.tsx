import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { inventoryQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { Facts } from '../../components/facts';
import { Loaded } from '../../components/loaded';
import { isAbsent } from '../../components/optional';
import { Section } from '../../components/page';
import { Status } from '../../components/status';
import { Moment, useTimes, When } from '../../components/times';
import { Candidates } from './candidates';
import { UploadInventory } from './upload-inventory';

/** What is in use, and what is left over; without a fresh inventory nothing is. */
export function InventoryAndCandidates() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const { number } = useTimes();
  const query = useQuery(inventoryQuery(instance.id));
  if (isAbsent(query.error)) {
    return (
      <Section title={t('reclaim.inventory.title')} intro={t('reclaim.inventory.intro')}>
        <Empty title={t('reclaim.inventory.none.title')}>
          <p>{t('reclaim.inventory.none.text')}</p>
        </Empty>
        <UploadInventory />
      </Section>
    );
  }
  return (
    <Loaded query={query} failed={t('reclaim.inventory.unreadable')}>
      {(inventory) => (
        <>
          <Section title={t('reclaim.inventory.title')} intro={t('reclaim.inventory.intro')}>
            <Status tone={inventory.valid ? 'good' : 'warning'}>
              {t(inventory.valid ? 'reclaim.inventory.valid' : 'reclaim.inventory.outdated')}
            </Status>
            <Facts
              facts={[
                [t('reclaim.inventory.taken'), <When key="t" at={inventory.taken_at} />],
                [t('reclaim.inventory.until'), <Moment key="v" at={inventory.valid_until} />],
                [t('reclaim.inventory.source'), inventory.source],
                [t('reclaim.inventory.keys'), number(inventory.key_count)],
                [t('reclaim.inventory.by'), <code key="b">{inventory.uploaded_by}</code>],
              ]}
            />
            <UploadInventory />
          </Section>
          <Section title={t('reclaim.candidates.title')} intro={t('reclaim.candidates.intro')}>
            {inventory.valid ? <Candidates /> : <p className="k-quiet">{t('reclaim.candidates.needsInventory')}</p>}
          </Section>
        </>
      )}
    </Loaded>
  );
}
