/** One TTLV value with its item type (KMIP 1.4 §9.1.1.2). Byte strings are copies that nothing else refers to. */
export type TtlvValue =
  | { readonly type: 'Structure'; readonly value: readonly TtlvItem[] }
  | { readonly type: 'Integer'; readonly value: number }
  | { readonly type: 'LongInteger'; readonly value: bigint }
  | { readonly type: 'BigInteger'; readonly value: bigint }
  | { readonly type: 'Enumeration'; readonly value: number }
  | { readonly type: 'Boolean'; readonly value: boolean }
  | { readonly type: 'TextString'; readonly value: string }
  | { readonly type: 'ByteString'; readonly value: Buffer }
  /** Seconds since 1970 UTC, signed 64 bits on the wire. */
  | { readonly type: 'DateTime'; readonly value: bigint }
  /** Seconds, unsigned 32 bits. */
  | { readonly type: 'Interval'; readonly value: number };

export type TtlvItem = TtlvValue & { readonly tag: number };
