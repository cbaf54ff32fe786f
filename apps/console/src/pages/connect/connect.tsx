import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { useInstance } from '../../app/instance-layout';
import { InstancePage } from '../../components/instance-page';
import { Section } from '../../components/page';
import { Endpoints } from '../overview/endpoints';
import { AddCertificate } from './add-certificate';
import { Clicks } from './clicks';
import { KmipPassword } from './kmip-password';
import { WaitingRoom } from './waiting-room';

/** The certificate that is waited for is in the address: the page can be closed and opened again. */
const WAITED_FOR = 'certificate';

/** From nothing to "Connected": what to click in vCenter, and what to give here, in the order in which it is done. */
export function ConnectPage() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search, setSearch] = useSearchParams();
  const waitedFor = search.get(WAITED_FOR) ?? undefined;
  const waitFor = (id: string): void => setSearch({ [WAITED_FOR]: id }, { replace: true });
  return (
    <InstancePage title={t('nav.connect')} intro={<p>{t('connect.intro')}</p>}>
      <Section title={t('connect.provider.title')}>
        <Clicks list="provider" />
        <Endpoints endpoints={instance.endpoints} show="address" />
      </Section>
      <Section title={t('connect.trust.title')} intro={t('connect.trust.intro')}>
        <Clicks list="trust" />
        <Endpoints endpoints={instance.endpoints} show="fingerprints" />
      </Section>
      <Section title={t('connect.client.title')} intro={t('connect.client.intro')}>
        <AddCertificate suggestedName="vcenter" onAdded={waitFor} />
      </Section>
      <Section title={t('connect.wait.title')} intro={t('connect.wait.intro')}>
        <WaitingRoom certificateId={waitedFor} onChoose={waitFor} />
      </Section>
      <Section title={t('connect.prove.title')} intro={t('connect.prove.intro')}>
        <KmipPassword />
      </Section>
    </InstancePage>
  );
}
