import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { inventoryQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
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

type Inventory = Schemas['InstanceInventory'];

/** What is in use, and what is left over; without a fresh inventory nothing is. */
export function InventoryAndCandidates() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(inventoryQuery(instance.id));
  // Whatever is asked anew: what somebody has begun to upload, and why it was refused, stays in its place.
  return (
    <>
      <Section title={t('reclaim.inventory.title')} intro={t('reclaim.inventory.intro')}>
        {isAbsent(query.error) ? (
          <Empty title={t('reclaim.inventory.none.title')}>
            <p>{t('reclaim.inventory.none.text')}</p>
          </Empty>
        ) : (
          <Loaded query={query} failed={t('reclaim.inventory.unreadable')}>
            {(inventory) => <Taken inventory={inventory} />}
          </Loaded>
        )}
        <UploadInventory />
      </Section>
      {query.data && (
        <Section title={t('reclaim.candidates.title')} intro={t('reclaim.candidates.intro')}>
          {query.data.valid ? <Candidates /> : <p className="k-quiet">{t('reclaim.candidates.needsInventory')}</p>}
        </Section>
      )}
    </>
  );
}

function Taken({ inventory }: { readonly inventory: Inventory }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  return (
    <>
      <Standing of={inventory} />
      <Facts
        facts={[
          [t('reclaim.inventory.taken'), <When key="t" at={inventory.taken_at} />],
          [t('reclaim.inventory.until'), <Moment key="v" at={inventory.valid_until} />],
          [t('reclaim.inventory.source'), inventory.source],
          [t('reclaim.inventory.keys'), number(inventory.key_count)],
          [t('reclaim.inventory.covered'), number(inventory.covered_certificates.length)],
          [t('reclaim.inventory.without'), number(inventory.certificates_without_keys.length)],
          [t('reclaim.inventory.by'), <code key="b">{inventory.uploaded_by}</code>],
        ]}
      />
    </>
  );
}

function Standing({ of: { valid, uncovered_certificates: uncovered } }: { readonly of: Inventory }) {
  const { t } = useTranslation();
  if (uncovered.length === 0) {
    return (
      <Status tone={valid ? 'good' : 'warning'}>
        {t(valid ? 'reclaim.inventory.valid' : 'reclaim.inventory.outdated')}
      </Status>
    );
  }
  const names = uncovered.map(({ name, sha256_fingerprint: sha256 }) => name ?? sha256).join(', ');
  return <Status tone="warning">{t('reclaim.inventory.uncovered', { names })}</Status>;
}
