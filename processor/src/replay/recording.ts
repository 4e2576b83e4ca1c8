/** Files of traces taken together as one recording: opened, looked through for its times, and replayed. */
import type { Config } from '../config/schema.ts';
import { viewFactory } from '../engine.ts';
import { WireError } from '../otlp/request-view.ts';
import { TimeSpan } from './time-span.ts';
import { type BrokenLine, TraceFile } from './trace-file.ts';

/** Told every so often; `done` in [0, 1]. */
export type OnProgress = (done: number) => void;

export class Recording {
  readonly files: readonly TraceFile[];
  /** First and last plausible start of a span, Unix seconds. */
  readonly bounds: { readonly from: number; readonly to: number };
  /** Parts that could not be read, as far as they are kept, and how many there are. */
  readonly broken: readonly BrokenLine[];
  readonly brokenCount: number;

  private constructor(files: readonly TraceFile[], bounds: Recording['bounds'], broken: BrokenLine[], count: number) {
    this.files = files;
    this.bounds = bounds;
    this.broken = broken;
    this.brokenCount = count;
  }

  /**
   * Opens the files and reads their times; `look` sees every readable request as it passes. Rejects with an Error where
   * there is nothing to judge in them.
   */
  static async open(
    paths: readonly string[],
    config: Config,
    onProgress: OnProgress,
    look: (body: Buffer) => void = () => {},
  ): Promise<Recording> {
    const files = await Promise.all(paths.map((path) => TraceFile.open(path)));
    const span = new TimeSpan();
    const view = viewFactory(config, [])();
    const broken: BrokenLine[] = [];
    let brokenCount = 0;
    const onBroken = (line: BrokenLine): void => {
      brokenCount++;
      if (broken.length < KEPT_BROKEN) broken.push(line);
    };
    for (const [index, file] of files.entries()) {
      for await (const { body, line } of file.requests(onBroken)) {
        try {
          view.begin(body);
          while (!view.scan(SCAN));
          look(body);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          onBroken({ file: file.path, line, reason: error.message });
          continue;
        }
        for (let scorable = 0; scorable < view.scorableCount; scorable++) span.add(view.startSecondsOf(scorable));
        onProgress((index + file.bytesRead / file.size) / files.length);
      }
    }
    if (span.isEmpty)
      throw new Error(
        `${NOTHING} ${paths.join(', ')}${broken[0] ? `; line ${broken[0].line}: ${broken[0].reason}` : '.'}`,
      );
    return new Recording(files, span.bounds(), broken, brokenCount);
  }

  /** Hands the requests to `take`, in the order of the files. One that it finds malformed was counted by `open`, and is left out. */
  async play(take: (body: Buffer) => Promise<void>, onProgress: OnProgress): Promise<void> {
    for (const [index, file] of this.files.entries()) {
      for await (const { body } of file.requests(() => {})) {
        try {
          await take(body);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
        onProgress((index + file.bytesRead / file.size) / this.files.length);
      }
    }
  }
}

const NOTHING = 'There is no span of a scored kind (pipeline.scored_kinds, SERVER by default) with a start time in';
/** Broken parts that are kept to be shown. */
const KEPT_BROKEN = 20;
const SCAN = 1 << 20;
