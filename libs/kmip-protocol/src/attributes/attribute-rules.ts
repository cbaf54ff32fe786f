import { attributeTable } from '../spec/attribute-table';
import { type TtlvValue } from '../ttlv/ttlv.types';

/** What the standard says of one attribute (rule tables of KMIP 1.4 §3, newest 1.x row). */
export interface AttributeRule {
  /** The text a 1.x message names it by. */
  readonly name: string;
  /** Minor version of KMIP 1.x that introduced it; a client of an older version must never be shown it. */
  readonly introducedInMinor: number;
  readonly type: TtlvValue['type'];
  readonly multiple: boolean;
  readonly initiallySetBy: 'Server' | 'Client' | 'Either';
  /** Has a value from creation to destruction. */
  readonly alwaysPresent: boolean;
  readonly modifiableByClient: boolean;
  readonly deletableByClient: boolean;
  readonly appliesToSymmetricKeys: boolean;
}

/** The standard attributes by name. A Map, because the names that are looked up come from clients. */
export const attributeRules: ReadonlyMap<string, AttributeRule> = new Map(
  attributeTable.map((rule) => [rule.name, rule]),
);

/** Names a client may invent (KMIP 1.4 §3.39): any type but structures within structures, several instances. */
export const isClientCustomAttribute = (name: string): boolean => name.startsWith('x-');

/** Names reserved to the server's own custom attributes (KMIP 1.4 §3.39). */
export const isServerCustomAttribute = (name: string): boolean => name.startsWith('y-');
