import { type Output } from '../output/output';
import { NewPrivateFile } from './private-file';

/** Where something goes that can be read one time only: a new file, or standard output where that was asked for. */
export interface Delivery {
  orDiscard<T>(work: Promise<T>): Promise<T>;
  readonly file: NewPrivateFile | undefined;
}

/** @param to a file that is not there yet, or `-` @throws CommandFault when it cannot be made */
export async function openDelivery(to: string): Promise<Delivery> {
  if (to === '-') return { orDiscard: (work) => work, file: undefined };
  const file = await NewPrivateFile.open(to);
  return { orDiscard: (work) => file.orDiscard(work), file };
}

export async function deliver({ file }: Delivery, secret: string, out: Output): Promise<void> {
  if (file === undefined) await out.write(`${secret}\n`);
  else await file.fill(`${secret}\n`);
}
