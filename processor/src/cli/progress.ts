/** Progress of a long run: a bar on a terminal, plain lines elsewhere. */
import { MultiBar, Presets } from 'cli-progress';

/** Shortest time between two drawings of the bar. */
const REDRAW_MS = 80;

export interface Progress {
  /** `done` in [0, 1]; `note` is a few words beside the bar. */
  update(done: number, note: string): void;
  /** Prints a line that stays, above the bar. */
  line(text: string): void;
  /** Leaves nothing of the bar behind. Safe twice. */
  stop(): void;
}

/** Shown on `stream`, which a pipe may be; `title` says what is under way. */
export function createProgress(stream: NodeJS.WriteStream, title: string): Progress {
  return stream.isTTY ? createBar(stream, title) : createLines(stream, title);
}

function createBar(stream: NodeJS.WriteStream, title: string): Progress {
  const bars = new MultiBar(
    {
      stream,
      format: `${title} {bar} {percentage} % | {note}`,
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      // Redrawn by us when there is something new: the loop may be busy for longer than any timer.
      noTTYOutput: false,
      forceRedraw: true,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(100, 0, { note: '' });
  let isStopped = false;
  let drawnMs = 0;
  return {
    update(done, note) {
      bar.update(Math.floor(100 * done), { note });
      if (performance.now() - drawnMs < REDRAW_MS) return;
      drawnMs = performance.now();
      bars.update();
    },
    line(text) {
      bars.log(`${text}\n`);
      bars.update();
    },
    stop() {
      if (isStopped) return;
      isStopped = true;
      bars.stop();
    },
  };
}

function createLines(stream: NodeJS.WritableStream, title: string): Progress {
  let nextTenth = 1;
  return {
    update(done, note) {
      const tenth = Math.floor(10 * done + 1e-9);
      if (tenth < nextTenth) return;
      nextTenth = tenth + 1;
      stream.write(`${title}: ${10 * tenth} % | ${note}\n`);
    },
    line(text) {
      stream.write(`${text}\n`);
    },
    stop() {},
  };
}
