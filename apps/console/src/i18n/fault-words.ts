import { useTranslation } from 'react-i18next';

import { type Fault } from '../api/schema';
import { type Said, useWords } from './words';

interface FaultWords {
  readonly cause: Said;
  /** Absent for a code that this page does not know: of a service that is newer. */
  readonly remedy: Said | undefined;
}

/** Cause and remedy of a refusal: by its reason where that has words, else by its code. */
export function useFaultWords(): (fault: Fault) => FaultWords {
  const { t, i18n } = useTranslation();
  const said = useWords();
  const nothing: string = '';
  /** Names that are not translated are those of the contract: the documents have them too. */
  const targetOf = (fault: Fault): string =>
    fault.target === undefined
      ? t('problem.something')
      : i18n.t([`words.field.${fault.target.name.replaceAll('.', '_')}`], { defaultValue: fault.target.name });
  const causeOf = (fault: Fault): Said => {
    const exact = said('reason', fault.reason ?? nothing, fault.message);
    if (exact.lang === undefined) return exact;
    return said('error', fault.code, fault.message, { target: targetOf(fault) });
  };
  const remedyOf = (fault: Fault): Said | undefined => {
    const general = i18n.exists(`errors.${fault.code}`) ? t(`errors.${fault.code}`) : undefined;
    const exact = said('reason_remedy', fault.reason ?? nothing, nothing);
    if (exact.text !== nothing) return exact;
    return general === undefined ? undefined : { text: general };
  };
  return (fault) => ({ cause: causeOf(fault), remedy: remedyOf(fault) });
}
