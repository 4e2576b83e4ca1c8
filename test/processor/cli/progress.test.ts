import { PassThrough } from 'node:stream';
import { createProgress } from '../../../processor/src/cli/progress.ts';

function stream(isTTY: boolean): { screen: NodeJS.WriteStream; text: () => string } {
  const through = new PassThrough();
  let text = '';
  through.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const screen = Object.assign(through, { isTTY, columns: 100, cursorTo: () => true, clearLine: () => true });
  return { screen: screen as unknown as NodeJS.WriteStream, text: () => text };
}

describe('progress', () => {
  it('writes a plain line at every tenth, once, where there is no terminal', () => {
    const { screen, text } = stream(false);
    const progress = createProgress(screen, 'Working');
    for (let percent = 0; percent <= 100; percent += 4) progress.update(percent / 100, `${percent} done`);
    progress.line('an event');
    progress.stop();
    const lines = text().trimEnd().split('\n');
    expect(lines.length).toBe(11);
    expect(lines[0]).toBe('Working: 10 % | 12 done');
    expect(lines.at(-2)).toBe('Working: 100 % | 100 done');
    expect(lines.at(-1)).toBe('an event');
  });

  it('draws a bar on a terminal, prints lines above it, and can be stopped twice', () => {
    const { screen, text } = stream(true);
    const progress = createProgress(screen, 'Working');
    progress.update(0.5, 'half');
    progress.line('an event');
    progress.stop();
    progress.stop();
    expect(text()).toMatch(/Working .+ 50 % \| half/);
    expect(text()).toContain('an event\n');
  });
});
