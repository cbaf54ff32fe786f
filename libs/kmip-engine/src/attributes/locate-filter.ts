import {
  type Attribute,
  isAtLeast,
  type LocateRequest,
  ObjectGroupMember,
  type ProtocolVersion,
  type TtlvValue,
  V1_1,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { type KindField } from '../kinds';
import { LIVE_STATES, stateNumbers } from '../lifecycle';
import { LOCATE_LIMITS } from '../limits';
import { type StoredState } from '../ports/managed-object';
import { type DateAttribute, type LocateFilter } from '../ports/managed-object-store.port';
import { dateFrom } from './attribute-changes';
import { type AttributeDefinition, definitionFor, isStandardAttribute } from './attribute-registry';
import { sameValue } from './ttlv-values';
import { requireWithinLimits } from './value-rules';

export type LocateCriteria = Omit<LocateFilter, 'asOf' | 'limit' | 'offset'>;

/** Criteria being gathered; `impossible` once no object can meet them all. */
class Gathering {
  impossible = false;
  state: StoredState | undefined;
  usageMask = 0;
  fresh: boolean | undefined;
  readonly numbers = new Map<string, number>();
  uniqueIdentifier: string | undefined;
  readonly dates = new Map<DateAttribute, Date[]>();
  readonly attributes: { readonly name: string; readonly value: TtlvValue }[] = [];

  /** All criteria hold at once: two different values for one single-valued attribute meet in no object. */
  agree<T>(current: T | undefined, next: T): T {
    if (current !== undefined && current !== next) this.impossible = true;
    return next;
  }
}

type Criterion = (gathering: Gathering, value: TtlvValue) => void;

const byNumber =
  (name: string): Criterion =>
  (gathering, value) => {
    if (value.type !== 'Enumeration' && value.type !== 'Integer') return;
    gathering.numbers.set(name, gathering.agree(gathering.numbers.get(name), value.value));
  };

/** All bits of all masks that were given have to be set. */
const byMask: Criterion = (gathering, value) => {
  if (value.type === 'Integer') gathering.usageMask |= value.value;
};

const byField = (field: KindField): Criterion => (field === 'cryptographicUsageMask' ? byMask : byNumber(field));

const statesByNumber: ReadonlyMap<number, StoredState> = new Map(
  [...LIVE_STATES, 'Destroyed' as const, 'DestroyedCompromised' as const].map((state) => [stateNumbers[state], state]),
);

/** The computed attributes Locate searches by; Digest and Revocation Reason are not among them. */
const criteria: ReadonlyMap<string, Criterion> = new Map<string, Criterion>([
  ['Object Type', byNumber('objectType')],
  [
    'Unique Identifier',
    (gathering, value) => {
      if (value.type === 'TextString') {
        gathering.uniqueIdentifier = gathering.agree(gathering.uniqueIdentifier, value.value);
      }
    },
  ],
  [
    'State',
    (gathering, value) => {
      const state = value.type === 'Enumeration' ? statesByNumber.get(value.value) : undefined;
      if (state === undefined) gathering.impossible = true;
      else gathering.state = gathering.agree(gathering.state, state);
    },
  ],
  [
    'Fresh',
    (gathering, value) => {
      if (value.type === 'Boolean') gathering.fresh = gathering.agree(gathering.fresh, value.value);
    },
  ],
  ['Original Creation Date', (gathering, value) => addDate(gathering, 'Original Creation Date', 'initialDate', value)],
]);

function addDate(gathering: Gathering, name: string, field: DateAttribute, value: TtlvValue): void {
  const dates = gathering.dates.get(field) ?? [];
  // Once means equal, twice means a closed range (KMIP 1.4 §4.9); more has no meaning.
  if (dates.length === 2) fail('attribute_value_invalid', { detail: name });
  gathering.dates.set(field, [...dates, dateFrom(name, value)]);
}

function gatherStandard(gathering: Gathering, { rule, source }: AttributeDefinition, value: TtlvValue): void {
  if (value.type !== rule.type) fail('attribute_value_invalid', { detail: rule.name });
  switch (source.kind) {
    case 'client':
      gathering.attributes.push({ name: rule.name, value });
      return;
    case 'date':
      addDate(gathering, rule.name, source.field, value);
      return;
    case 'field':
      byField(source.field)(gathering, value);
      return;
    case 'fixed':
      if (!sameValue(source.value, value)) gathering.impossible = true;
      return;
    case 'computed': {
      const criterion = criteria.get(rule.name) ?? fail('locate_not_by_this', { detail: rule.name });
      criterion(gathering, value);
    }
  }
}

function gather(
  gathering: Gathering,
  { attributeName: name, attributeValue: value }: Attribute,
  version: ProtocolVersion,
): void {
  if (value === undefined) fail('attribute_value_missing');
  requireWithinLimits(name, value);
  if (name.startsWith('x-') || name.startsWith('y-')) {
    gathering.attributes.push({ name, value });
    return;
  }
  const definition = definitionFor(name, version);
  if (definition !== undefined) gatherStandard(gathering, definition, value);
  else if (isStandardAttribute(name, version)) gathering.impossible = true;
  else fail('attribute_unknown');
}

const asRange = ([attribute, [first, second]]: readonly [DateAttribute, readonly Date[]]) => {
  const from = first ?? new Date(0);
  const to = second ?? from;
  const [early, late] = from.getTime() <= to.getTime() ? [from, to] : [to, from];
  // A date on the wire stands for its whole second.
  return { attribute, from: early, to: new Date(late.getTime() + 999) };
};

/** What one Locate may ask for is bounded before any of it is looked at. */
function gatherAll({ attributes }: LocateRequest, version: ProtocolVersion): Gathering {
  if (attributes.length > LOCATE_LIMITS.criteria) fail('locate_criteria');
  const names = attributes.filter(({ attributeName }) => attributeName === 'Name');
  if (names.length > LOCATE_LIMITS.names) fail('locate_names');
  const gathering = new Gathering();
  for (const attribute of attributes) gather(gathering, attribute, version);
  if (gathering.dates.size > LOCATE_LIMITS.dateRanges) fail('locate_date_ranges');
  return gathering;
}

/**
 * Reads what a Locate asks for. Destroyed objects are found only by naming their state.
 * @returns undefined when no object of ours can meet it
 */
export function readLocateCriteria(request: LocateRequest, version: ProtocolVersion): LocateCriteria | undefined {
  const gathering = gatherAll(request, version);
  if (isAtLeast(version, V1_1) && request.objectGroupMember !== undefined) {
    if (request.objectGroupMember !== ObjectGroupMember.GroupMemberFresh) fail('locate_group_member');
    gathering.fresh = gathering.agree(gathering.fresh, true);
  }
  if (gathering.impossible) return undefined;
  const { state, usageMask, fresh, uniqueIdentifier, attributes, dates, numbers } = gathering;
  return {
    ...Object.fromEntries(numbers),
    states: state === undefined ? LIVE_STATES : [state],
    ...(usageMask === 0 ? {} : { cryptographicUsageMask: usageMask }),
    ...(fresh === undefined ? {} : { fresh }),
    ...(uniqueIdentifier === undefined ? {} : { uniqueIdentifier }),
    ...(dates.size === 0 ? {} : { dates: [...dates].map(asRange) }),
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}
