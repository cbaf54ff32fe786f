import { addressGroup, AddressList, plainAddress } from './addresses';
import { parseProxyHeader } from './proxy-protocol';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** 192.0.2.7:4000 to 127.0.0.1:5696. */
const IPV4 = `${SIGNATURE} 21 11 000c c0000207 7f000001 0fa0 1640`;
const IPV6 = `${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 0fa0 1640`;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('parseProxyHeader', () => {
  it.each([
    ['IPv4', IPV4, { bytes: 28, client: { address: '192.0.2.7', port: 4000 } }],
    ['IPv6', IPV6, { bytes: 52, client: { address: '2001:db8:0:0:0:0:0:1', port: 4000 } }],
    [
      'extensions behind the addresses',
      `${SIGNATURE} 21 11 0010 c0000207 7f000001 0fa0 1640 04000100`,
      { bytes: 32, client: { address: '192.0.2.7', port: 4000 } },
    ],
    ['the balancer itself', `${SIGNATURE} 20 00 0000`, { bytes: 16 }],
  ])('reads %s', (_name, text, header) => {
    expect(parseProxyHeader(hex(text))).toEqual(header);
    expect(parseProxyHeader(Buffer.concat([hex(text), Buffer.from('client hello')]))).toEqual(header);
  });

  it('asks for more at every cut', () => {
    const header = hex(IPV4);
    for (let at = 0; at < header.length; at += 1) {
      expect(parseProxyHeader(header.subarray(0, at))).toBe('incomplete');
    }
  });

  it.each([
    ['TLS', '16030100c8'],
    ['version 1', Buffer.from('PROXY TCP4 ').toString('hex')],
    ['another version', `${SIGNATURE} 31 11 000c`],
    ['another command', `${SIGNATURE} 22 11 000c`],
    ['UDP', `${SIGNATURE} 21 12 000c c0000207 7f000001 0fa0 1640`],
    ['a Unix socket', `${SIGNATURE} 21 31 000c c0000207 7f000001 0fa0 1640`],
    ['addresses that are too short', `${SIGNATURE} 21 11 0004 c0000207`],
    ['more than is reasonable', `${SIGNATURE} 21 11 0401`],
  ])('refuses %s', (_name, text) => {
    expect(parseProxyHeader(hex(text))).toBe('invalid');
  });
});

describe('addresses', () => {
  it.each([
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::1'],
  ])('plainAddress of %s is %s', (address, plain) => expect(plainAddress(address)).toBe(plain));

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('%s counts for %s', (address, group) => expect(addressGroup(address)).toBe(group));

  it('lists hold addresses and networks', () => {
    const list = new AddressList(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32']);
    expect(['192.0.2.7', '10.200.0.1', '2001:db8::5'].every((address) => list.includes(address))).toBe(true);
    expect(['192.0.2.8', '11.0.0.1', '2001:db9::5', 'fe80::1%eth0', ''].some((address) => list.includes(address))).toBe(
      false,
    );
    expect(() => new AddressList(['balancer.example'])).toThrow('balancer.example');
  });
});
