/** Standard alphabet with padding, as the service's own decoder wants it: Node's would skip what it does not know. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const isBase64 = (text: string): boolean => BASE64.test(text);

/** Where decoding would stop; goes into the error text. */
export function illegalByteOf(text: string): number {
  const illegal = /[^A-Za-z0-9+/]/.exec(text);
  return illegal?.index ?? text.length;
}
