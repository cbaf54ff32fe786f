import { Secret } from '@lib/kernel';

import { KmipError } from '../errors';
import { type Credential, type UsernameAndPasswordCredential } from './object.types';
import { type Codec } from '../schema/codec';
import { Structure } from '../schema/structure';
import { CredentialType, ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { tagName } from '../spec/tag-name';
import { type TtlvReader } from '../ttlv/ttlv-reader';

type UsernameAndPassword = Omit<UsernameAndPasswordCredential, 'credentialType'>;

const usernameAndPassword = new Structure<UsernameAndPassword>('Credential Value', [
  { name: 'username', tag: Tag.Username, type: 'TextString', presence: 'required' },
  { name: 'password', tag: Tag.Password, type: 'SecretText', presence: 'optional' },
]);

/**
 * Credential (KMIP 1.4 §2.1.2). Written by hand because the type says how the value is read; the type must come first,
 * as the specification has it. The value of a type that means nothing here is carried unread: Db2 11.1 sends a Byte
 * String where a Structure belongs, and what is not judged must not make a message unreadable.
 */
export const credential: Codec<Credential> = {
  read(reader, context) {
    const outer = reader.enter();
    expect(reader, Tag.CredentialType);
    const credentialType = reader.readEnumeration();
    expect(reader, Tag.CredentialValue);
    const value: Credential =
      credentialType === CredentialType.UsernameAndPassword
        ? { credentialType, ...usernameAndPassword.read(reader, context) }
        : { credentialType, encodedValue: Secret.of(reader.readEncoded()) };
    if (reader.next()) throw malformed(`it holds a ${tagName(reader.tag)}`);
    reader.leave(outer);
    return value;
  },

  write(writer, tag, value, context) {
    const mark = writer.begin(tag);
    writer.writeEnumeration(Tag.CredentialType, value.credentialType);
    if ('username' in value) usernameAndPassword.write(writer, Tag.CredentialValue, value, context);
    else writer.writeEncoded(value.encodedValue.expose());
    writer.end(mark);
  },
};

function expect(reader: TtlvReader, tag: number): void {
  if (!reader.next() || reader.tag !== tag) throw malformed(`${tagName(tag)} is not where it belongs`);
}

const malformed = (what: string): KmipError => new KmipError(ResultReason.InvalidMessage, `Credential: ${what}`);
