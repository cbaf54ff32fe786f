import { ChevronLeft, ChevronRight } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';

interface PagerProps {
  readonly next: string | undefined;
  /** Of the address, where a page has more lists than one. */
  readonly place?: string;
}

/**
 * Forward and back in a list that knows no numbers of pages: it has a million rows, and each page begins where the one
 * before ended. The way back is the browser's own.
 */
export function Pager({ next, place = 'start' }: PagerProps) {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const { state } = useLocation() as { readonly state: { readonly paged?: boolean } | null };
  const isFirst = !search.has(place);
  if (isFirst && next === undefined) return null;

  const to = (start: string | undefined): string => {
    const query = new URLSearchParams(search);
    if (start === undefined) query.delete(place);
    else query.set(place, start);
    return `?${query.toString()}`;
  };
  const back = (): void => {
    // Who came by an address of its own has no page before it here: the first one is the way back.
    if (state?.paged === true) void navigate(-1);
    else void navigate(to(undefined));
  };
  return (
    <nav className="k-pager" aria-label={t('pager.label')}>
      <Button kind="ghost" size="md" disabled={isFirst} onClick={() => void navigate(to(undefined))}>
        {t('pager.first')}
      </Button>
      <Button kind="ghost" size="md" renderIcon={ChevronLeft} disabled={isFirst} onClick={back}>
        {t('pager.previous')}
      </Button>
      <Button
        kind="ghost"
        size="md"
        renderIcon={ChevronRight}
        disabled={next === undefined}
        onClick={() => void navigate(to(next), { state: { paged: true } })}
      >
        {t('pager.next')}
      </Button>
    </nav>
  );
}
