import { type ProtocolVersion } from '../protocol-version';
import { attributeTable } from '../spec/attribute-table';
import { type TtlvValue } from '../ttlv/ttlv.types';

/** What the standard says of the form of one attribute (rule tables of KMIP 1.4 §3, newest 1.x row). */
export interface AttributeRule {
  /** The text a 1.x message names it by. */
  readonly name: string;
  /** The tag a 2.x message names it by. */
  readonly tag: number;
  /** Version that introduced it; a client of an older version must never be shown it. */
  readonly since: ProtocolVersion;
  /** First version that has it no more. */
  readonly until?: ProtocolVersion;
  readonly type: TtlvValue['type'];
  readonly multiple: boolean;
}

const table: readonly AttributeRule[] = attributeTable;

/** The standard attributes by name. A Map, because the names that are looked up come from clients. */
export const attributeRules: ReadonlyMap<string, AttributeRule> = new Map(table.map((rule) => [rule.name, rule]));

/** Those that 2.x still has, by tag. */
export const attributeRulesByTag: ReadonlyMap<number, AttributeRule> = new Map(
  table.filter(({ until }) => until === undefined).map((rule) => [rule.tag, rule]),
);

/** Names a client may invent (KMIP 1.4 §3.39): any type but structures within structures, several instances. */
export const isClientCustomAttribute = (name: string): boolean => name.startsWith('x-');

/** Names reserved to the server's own custom attributes (KMIP 1.4 §3.39). */
export const isServerCustomAttribute = (name: string): boolean => name.startsWith('y-');
