import { OrderedList, ListItem } from '@carbon/react';
import { useTranslation } from 'react-i18next';

const STEPS = {
  provider: ['open', 'add', 'servers', 'credentials'],
  trust: ['show', 'compare', 'trust'],
  vcenter: ['establish', 'choose', 'wait', 'copy'],
  request: ['establish', 'choose', 'copy', 'upload'],
  pair: ['establish', 'choose', 'upload'],
  rootCa: ['establish', 'choose', 'present'],
} as const;

export type ClickList = keyof typeof STEPS;

/** What to click in the vSphere Client, one act a line. */
export function Clicks({ list }: { readonly list: ClickList }) {
  const { t } = useTranslation();
  return (
    <OrderedList isExpressive={false} className="k-clicks">
      {STEPS[list].map((step) => (
        // The steps of a list are keys of its texts; the compiler sees the union of all.
        <ListItem key={step}>{t(`clicks.${list}.${step}` as 'clicks.trust.trust')}</ListItem>
      ))}
    </OrderedList>
  );
}
