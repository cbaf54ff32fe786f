import { BlockList, isIP, isIPv4 } from 'node:net';

const MAPPED_PREFIX = '::ffff:';

/** IPv4 peers of an IPv6 socket as plain IPv4, so that one client has one name. */
export function plainAddress(address: string): string {
  const mapped = address.toLowerCase().startsWith(MAPPED_PREFIX) ? address.slice(MAPPED_PREFIX.length) : address;
  return isIPv4(mapped) ? mapped : address;
}

/** Whom a limit per address counts together: one IPv4 address, or one IPv6 /64, which a single host owns as a whole. */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - front.length - back.length) : 0;
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}

/** Membership in a list of addresses and `address/prefix` networks. */
export class AddressList {
  readonly #list = new BlockList();

  /** @throws Error naming the entry that is neither. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address);
      if (family === 0) throw new Error(`${entry} is neither an address nor a network`);
      const type = family === 4 ? 'ipv4' : 'ipv6';
      if (prefix === undefined) this.#list.addAddress(address, type);
      else this.#list.addSubnet(address, Number(prefix), type);
    }
  }

  includes(address: string): boolean {
    // Link-local peers carry a zone, which the list does not take.
    const [plain = ''] = address.split('%');
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }
}
