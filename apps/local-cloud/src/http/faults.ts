import { FaultBoard } from '@lib/stand-in';

interface FaultMatch {
  /** First path segment: iam, kms, hpcs, resource-controller, metering. */
  readonly service?: string | undefined;
  /** GUID of the key-manager instance. */
  readonly instance?: string | undefined;
  readonly method?: string | undefined;
  /** Names as in the request log, e.g. secrets.wrap. */
  readonly operations?: readonly string[] | undefined;
  /** Only operations that change something: what a region that failed over to a read-only copy refuses. */
  readonly writesOnly?: boolean | undefined;
  /** Part of what the request is about; such a rule strikes once the body is read. */
  readonly about?: string | undefined;
}

export type FaultEffect =
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterSeconds?: number | undefined;
      readonly body?: unknown;
      readonly when: FaultMoment;
    }
  /** A proxy's own words: no JSON. */
  | { readonly kind: 'page'; readonly status: number; readonly when: FaultMoment }
  | { readonly kind: 'hang'; readonly when: FaultMoment }
  | { readonly kind: 'reset'; readonly when: FaultMoment };

/** `after`: the operation takes effect and only its answer is lost. */
type FaultMoment = 'before' | 'after';

export interface RequestFacts {
  readonly service: string;
  readonly instance: string | undefined;
  readonly method: string;
  readonly operation: string;
  readonly writes: boolean;
  /** Absent as long as the body is not read. */
  readonly about?: readonly string[];
}

export type CloudFaultBoard = FaultBoard<FaultMatch, RequestFacts, FaultEffect>;

export const newFaultBoard = (): CloudFaultBoard => new FaultBoard(matches);

function matches(match: FaultMatch, facts: RequestFacts): boolean {
  return (
    (match.service === undefined || match.service === facts.service) &&
    (match.instance === undefined || match.instance === facts.instance) &&
    (match.method === undefined || match.method === facts.method) &&
    (match.operations === undefined || match.operations.includes(facts.operation)) &&
    (match.writesOnly !== true || facts.writes) &&
    isAbout(match.about, facts.about)
  );
}

/** A request is judged twice: what a rule without a subject strikes it has suffered when its body is read. */
const isAbout = (wanted: string | undefined, about: readonly string[] | undefined): boolean =>
  wanted === undefined ? about === undefined : about?.some((text) => text.includes(wanted)) === true;
