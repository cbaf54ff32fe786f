/** One item of a test file, whatever its format: names and values are still text, placeholders still in place. */
export interface DataNode {
  /** Name of a tag, or `0x…` for one that has none. */
  readonly tag: string;
  readonly type: string;
  /** Children of a structure, otherwise the text of the value. */
  readonly value: string | readonly DataNode[];
}

export const childrenOf = (node: DataNode): readonly DataNode[] => (typeof node.value === 'string' ? [] : node.value);

export const childOf = (node: DataNode, tag: string): DataNode | undefined =>
  childrenOf(node).find((child) => child.tag === tag);

/** The text of a leaf child, or `undefined`. */
export function textOf(node: DataNode, tag: string): string | undefined {
  const value = childOf(node, tag)?.value;
  return typeof value === 'string' ? value : undefined;
}
