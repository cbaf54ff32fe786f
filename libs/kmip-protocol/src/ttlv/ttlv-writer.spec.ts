import { hex } from './ttlv-bytes.fixture';
import { TtlvWriter } from './ttlv-writer';

describe('TtlvWriter', () => {
  it('patches the lengths of nested structures', () => {
    const writer = new TtlvWriter();
    const outer = writer.begin(0x420078);
    const inner = writer.begin(0x420077);
    writer.writeInteger(0x42000d, 1);
    writer.end(inner);
    writer.end(outer);
    expect(writer.finish()).toEqual(
      hex('420078 01 00000018 | 420077 01 00000010 | 42000d 02 00000004 | 00000001 00000000'),
    );
  });

  it('grows over any size and keeps what was written', () => {
    const writer = new TtlvWriter();
    const value = Buffer.alloc(5_000, 0xab);
    writer.writeTextString(0x420020, 'before');
    writer.writeByteString(0x420043, value);
    const message = writer.finish();
    expect(message.length).toBe(16 + 8 + 5_000);
    expect(message.subarray(24)).toEqual(value);
    expect(message.subarray(8, 16).toString()).toBe('before\0\0');
  });

  it('pads with zeros although its memory was not cleared', () => {
    const dirty = new TtlvWriter();
    dirty.writeByteString(0x420043, Buffer.alloc(400, 0xff));
    dirty.wipe();
    dirty.writeByteString(0x420043, Buffer.from([1]));
    expect(dirty.finish()).toEqual(hex('420043 08 00000001 | 01 00000000000000'));
  });

  it('wipes key bytes from the buffer it gave out', () => {
    const writer = new TtlvWriter();
    writer.writeByteString(0x420043, Buffer.alloc(32, 0xee));
    const message = writer.finish();
    writer.wipe();
    expect(message.includes(0xee)).toBe(false);
    expect(writer.length).toBe(0);
  });

  it('does not lend from the shared pool of Node', () => {
    const writer = new TtlvWriter();
    writer.writeInteger(0x420020, 1);
    expect(writer.finish().buffer.byteLength).toBeLessThanOrEqual(512);
  });

  it('writes text with the length of its UTF-8 form', () => {
    const writer = new TtlvWriter();
    writer.writeTextString(0x420020, 'Schlüssel €');
    expect(writer.finish().readUInt32BE(4)).toBe(14);
  });
});
