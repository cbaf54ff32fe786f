import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Schemas } from '../../api/schema';
import { HealthStatus } from '../../components/health-status';
import { Moment, When } from '../../components/times';
import { useWords } from '../../i18n/words';

type Health = Schemas['InstanceHealth'];

/** Whether keys can be made and served, and if not, why: cause, what it stops, what helps. */
export function HealthView({ health }: { readonly health: Health }) {
  const { t } = useTranslation();
  return (
    <div className="k-health">
      <p className="k-health__line">
        <HealthStatus health={health} />
        <span className="k-quiet">
          {health.tested_at === undefined ? (
            t('health.untested')
          ) : (
            <>
              {t('health.tested')} <When at={health.tested_at} />
            </>
          )}
        </span>
      </p>
      {health.problems.map((problem) => (
        <ProblemCard key={problem.code + problem.root_key_crn} problem={problem} />
      ))}
      {health.warnings.map((warning) => (
        <WarningCard key={warning.code + warning.root_key_crn} warning={warning} />
      ))}
    </div>
  );
}

function ProblemCard({ problem }: { readonly problem: Health['problems'][number] }) {
  const { t } = useTranslation();
  const said = useWords();
  const remedy = said('health_remedy', problem.code, problem.remedy);
  const cause = said('health', problem.code, problem.message);
  return (
    <div className="k-card k-card--bad" role="group" aria-label={t('health.attention')}>
      <p lang={cause.lang}>{cause.text}</p>
      <p>
        <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
      </p>
      <p className="k-quiet">
        {problem.stops.map((stop) => t(`health.stops.${stop}`)).join(' ')}{' '}
        {t('health.keys', { count: problem.keys_under_root_key })} {t('health.since')} <Moment at={problem.since} />
        {problem.reason_code !== undefined && (
          <>
            {' '}
            · <code>{problem.reason_code}</code>
          </>
        )}
      </p>
      {problem.keys_stopped > 0 && (
        <Link className="cds--link" to="../keys?servable=false">
          {t('health.which', { count: problem.keys_stopped })}
        </Link>
      )}
    </div>
  );
}

function WarningCard({ warning }: { readonly warning: Health['warnings'][number] }) {
  const { t } = useTranslation();
  const said = useWords();
  const remedy = said('health_remedy', warning.code, warning.remedy);
  const cause = said('health', warning.code, warning.message);
  return (
    <div className="k-card k-card--warning" role="group" aria-label={t('health.ahead')}>
      <p lang={cause.lang}>{cause.text}</p>
      <p>
        <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
      </p>
    </div>
  );
}
