import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** Prefixes are the sender's choice; names without them are what both sides mean. */
const withoutPrefix = (name: string): string => name.slice(name.indexOf(':') + 1);

/** One element of a message, with its names free of prefixes. */
export class Element {
  constructor(private readonly node: XmlElement) {}

  /** @throws Error when it is no well-formed XML; a DOCTYPE brings no entities here */
  static parse(text: string): Element {
    const { root } = parseXml(text);
    if (root === null) throw new Error('there is no element');
    return new Element(root);
  }

  get name(): string {
    return withoutPrefix(this.node.name);
  }

  get text(): string {
    return this.node.text;
  }

  get children(): readonly Element[] {
    return this.node.children.filter((node) => node instanceof XmlElement).map((node) => new Element(node));
  }

  child(name: string): Element | undefined {
    return this.children.find((one) => one.name === name);
  }

  attribute(name: string): string | undefined {
    const found = Object.entries(this.node.attributes).find(([written]) => withoutPrefix(written) === name);
    return found?.[1];
  }

  /** What `xsi:type` says; of a reference without a prefix, the type of the managed object. */
  get type(): string | undefined {
    const said = Object.entries(this.node.attributes).find(([name]) => /^[^:]+:type$/.test(name))?.[1];
    return said === undefined ? undefined : withoutPrefix(said);
  }

  /** Type of the managed object that a reference names. */
  get objectType(): string | undefined {
    return this.node.attributes['type'];
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/** For text and for attributes in double quotes. */
export const escapeXml = (text: string): string => text.replace(/[&<>"\r]/g, (found) => ESCAPES[found] ?? '');

const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';

/** A message of SOAP 1.1 around the element of its body. */
export function envelope(body: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<soapenv:Envelope xmlns:soapenv="${ENVELOPE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
    `<soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
  );
}

/** What the message is about. @throws Error when the text is no SOAP message */
export function readEnvelope(text: string): Element {
  const root = Element.parse(text);
  const [about] = root.child('Body')?.children ?? [];
  if (root.name !== 'Envelope' || about === undefined) throw new Error('it is no SOAP message');
  return about;
}
