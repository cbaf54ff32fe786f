import { type Cell, type Tone, type Toned } from './table';

const TONES: Readonly<Partial<Record<string, Tone>>> = {
  active: 'good',
  available: 'good',
  completed: 'good',
  done: 'good',
  installed: 'good',
  passed: 'good',
  proven: 'good',
  signed: 'good',
  success: 'good',
  well: 'good',
  compromised: 'bad',
  contradicted: 'bad',
  destroyed: 'bad',
  destroyed_compromised: 'bad',
  failed: 'bad',
  failing: 'bad',
  failure: 'bad',
  shredded: 'bad',
  unavailable: 'bad',
  attention: 'warning',
  deactivated: 'warning',
  suspended: 'warning',
  unverified: 'warning',
  unsigned: 'warning',
  warning: 'warning',
};

/** A state by its name, coloured by what it means. */
export function word(state: string): string | Toned {
  const tone = TONES[state];
  return tone === undefined ? state : { text: state, tone };
}

export const bad = (text: string): Toned => ({ text, tone: 'bad' });

/** To the second, in UTC. */
export const time = (at: string | undefined): string | undefined => at?.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

export const day = (at: string | undefined): string | undefined => at?.slice(0, 10);

/** With colons, as vCenter shows it. */
export const colons = (fingerprint: string): string => fingerprint.toUpperCase().replace(/(..)(?=.)/g, '$1:');

/** The identifier that the key manager gave it, which ends its CRN. */
export const rootKeyIdOf = (crn: string): string => crn.split(':').at(-1) ?? crn;

interface Owner {
  readonly name?: string;
  readonly component?: string;
}

/** What a key belongs to, as vCenter recorded it. */
export const ownerText = (owner: Owner | undefined): Cell =>
  owner === undefined ? undefined : [owner.component, owner.name].filter((part) => part !== undefined).join(' ');
