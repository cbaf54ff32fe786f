import { Button } from '@carbon/react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';

import { Empty } from '../components/empty';
import { isMissingPart, reloadOnce } from './new-build';

/** A page that could not be drawn or fetched: after an update of the service its files have other names. */
export function RouteFailure() {
  const { t } = useTranslation();
  const missing = isMissingPart(useRouteError());
  useEffect(() => {
    if (missing) void reloadOnce();
  }, [missing]);
  return (
    <main className="k-alone">
      <Empty
        alone
        title={t('failure.title')}
        action={<Button onClick={() => window.location.reload()}>{t('failure.reload')}</Button>}
      >
        <p>{t('failure.text')}</p>
      </Empty>
    </main>
  );
}

export function Lost() {
  const { t } = useTranslation();
  return (
    <Empty
      alone
      title={t('lost.title')}
      action={
        <Button as={Link} to="/">
          {t('lost.back')}
        </Button>
      }
    >
      <p>{t('lost.text')}</p>
    </Empty>
  );
}
