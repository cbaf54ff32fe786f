import { type Secret } from '@lib/kernel';

import { KmipError } from '../errors';
import { type Credential } from '../messages/message.types';
import { type Codec } from '../schema/codec';
import { Structure } from '../schema/structure';
import { CredentialType, ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { tagName } from '../spec/tag-name';
import { type TtlvReader } from '../ttlv/ttlv-reader';

interface UsernameAndPassword {
  readonly username: string;
  readonly password?: Secret;
}

const usernameAndPassword = new Structure<UsernameAndPassword>('Credential Value', [
  { name: 'username', tag: Tag.Username, type: 'TextString', presence: 'required' },
  { name: 'password', tag: Tag.Password, type: 'SecretText', presence: 'optional' },
]);

/**
 * Credential (KMIP 1.4 §2.1.2). Written by hand because the type says how the value is read; the type must come first,
 * as the specification has it.
 */
export const credential: Codec<Credential> = {
  read(reader, context) {
    const outer = reader.enter();
    expect(reader, Tag.CredentialType);
    const credentialType = reader.readEnumeration();
    expect(reader, Tag.CredentialValue);
    const value =
      credentialType === CredentialType.UsernameAndPassword
        ? usernameAndPassword.read(reader, context)
        : { other: reader.readItems() };
    if (reader.next()) throw malformed(`it holds a ${tagName(reader.tag)}`);
    reader.leave(outer);
    return { credentialType, ...value };
  },

  write(writer, tag, value, context) {
    const mark = writer.begin(tag);
    writer.writeEnumeration(Tag.CredentialType, value.credentialType);
    const { username, password, other } = value;
    if (username === undefined) writer.writeItems(Tag.CredentialValue, other ?? []);
    else {
      const pair = password === undefined ? { username } : { username, password };
      usernameAndPassword.write(writer, Tag.CredentialValue, pair, context);
    }
    writer.end(mark);
  },
};

function expect(reader: TtlvReader, tag: number): void {
  if (!reader.next() || reader.tag !== tag) throw malformed(`${tagName(tag)} is not where it belongs`);
}

const malformed = (what: string): KmipError => new KmipError(ResultReason.InvalidMessage, `Credential: ${what}`);
