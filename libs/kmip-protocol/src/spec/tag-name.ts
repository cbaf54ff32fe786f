import { Tag } from './tag';

const names: ReadonlyMap<number, string> = new Map(Object.entries(Tag).map(([name, tag]) => [tag, name]));

/** The XML name of a tag, or its number for one that KMIP 1.4 does not define. For texts that people read. */
export const tagName = (tag: number): string => names.get(tag) ?? `0x${tag.toString(16).padStart(6, '0')}`;
