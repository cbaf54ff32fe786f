import { Output } from './output';

describe('what is printed', () => {
  const printed = (terminal: boolean): { readonly out: Output; readonly text: () => string } => {
    let text = '';
    const stream = { isTTY: terminal, write: (more: string | Uint8Array) => (text += String(more)) };
    return { out: new Output({ stdout: stream, stderr: stream, env: {} }, 'table'), text: () => text };
  };

  it('moves no cursor by a remark that has a name in it', () => {
    const { out, text } = printed(true);
    out.note('Trusting CN=\u001b[2Jvcenter\u202e\u061c.\nOn two lines.');
    expect(text()).toBe('Trusting CN=\\u001b[2Jvcenter\\u202e\\u061c.\nOn two lines.\n');
  });

  it('moves none by a fault, which has colours of its own', () => {
    const { out, text } = printed(true);
    out.fault({ exit: 1, message: 'no \u001b[31m', remedy: 'look\r' });
    expect(text()).toContain('\u001b[31merror:');
    expect(text()).toContain(' no \\u001b[31m\n');
    expect(text()).toContain(' look\\u000d\n');
  });
});
