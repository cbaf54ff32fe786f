import { ProgressBar } from './progress-bar';

class Terminal {
  readonly written: string[] = [];
  constructor(readonly isTTY?: boolean) {}
  write(text: string): void {
    this.written.push(text);
  }
}

describe('a progress bar', () => {
  it('tells how far it is, how fast and how long still', () => {
    const terminal = new Terminal(true);
    let now = 0;
    const bar = new ProgressBar(terminal, () => now);
    bar.show(1, 400);
    bar.show(2, 400);
    now = 2_000;
    bar.show(200, 400);
    now = 4_000;
    bar.show(400, 400);
    bar.end();
    expect(terminal.written).toHaveLength(4);
    expect(terminal.written[1]).toContain(`[${'#'.repeat(15)}${'-'.repeat(15)}] 200 of 400, 100 a second, 2 s left`);
    expect(terminal.written[2]).toContain('400 of 400, 100 a second, 0 s left');
    expect(terminal.written[3]).toBe('\n');
  });

  it('is for terminals alone', () => {
    const terminal = new Terminal();
    const bar = new ProgressBar(terminal, () => 0);
    bar.show(1, 2);
    bar.end();
    expect(terminal.written).toEqual([]);
  });
});
