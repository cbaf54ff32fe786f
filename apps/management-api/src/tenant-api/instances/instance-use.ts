import { Inject, Injectable } from '@nestjs/common';

import { type ConnectionAttempts } from '@lib/diagnosis';
import { type InstanceId } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';

import { type KeyAccess } from '../keys/key-access.port';
import { KEY_ACCESS } from '../tokens';
import { type Completeness } from './instance.response';

/** What clients have done with an instance. */
@Injectable()
export class InstanceUse {
  constructor(
    @Inject(PostgresConnectionAttempts) private readonly attempts: Pick<ConnectionAttempts, 'lastAccepted'>,
    @Inject(KEY_ACCESS) private readonly keys: Pick<KeyAccess, 'store'>,
  ) {}

  async of(id: InstanceId, rootKeyId: string | undefined): Promise<InstanceTraces> {
    const store = this.keys.store(id);
    const [accepted, liveKeys, unwrittenNotes] = await Promise.all([
      this.attempts.lastAccepted(id),
      store.countLive(),
      store.notes.countUnwritten(rootKeyId),
    ]);
    return { isConnected: accepted.size > 0, liveKeys, unwrittenNotes };
  }
}

type InstanceTraces = Pick<Completeness, 'isConnected' | 'liveKeys' | 'unwrittenNotes'>;
