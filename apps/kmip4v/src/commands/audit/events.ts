import { value } from '../../command-line/command';
import { present } from '../../tenant/asking';

/** By what events are searched. */
export const SEARCH = {
  action: value('ACTION', 'only events of this action, e.g. vmware-solutions.kmip-key.read'),
  outcome: { ...value('WORD', 'only events with this outcome'), choices: ['success', 'failure'] },
  by: value('ID', 'only events of this initiator'),
  target: value('ID', 'only events about this key, certificate or other target'),
  correlation: value('ID', 'only events of this request'),
  at: value('TIME', 'only events in this time, e.g. gte:2026-11-01T00:00:00Z'),
} as const;

interface Searched {
  readonly action: string | undefined;
  readonly outcome: 'success' | 'failure' | undefined;
  readonly by: string | undefined;
  readonly target: string | undefined;
  readonly correlation: string | undefined;
  readonly at: string | undefined;
}

/** As the API asks. */
export const searchQuery = (given: Searched) =>
  present({
    action: given.action,
    outcome: given.outcome,
    'initiator.id': given.by,
    'target.id': given.target,
    correlation_id: given.correlation,
    occurred_at: given.at,
  });
