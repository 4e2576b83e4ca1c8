/** Backtests on history: it is replayed with the model in use, and its most unusual windows are judged under both settings. */
import { Backtest, type BacktestReport } from '../model/backtest.ts';
import type { BacktestSettings } from '../model/judged-windows.ts';
import { Model } from '../model/model.ts';
import { ENTITY_KINDS } from '../features/entity-states.ts';
import { windowRecord } from '../window-record.ts';
import { type HistoryNotes, type HistoryReading, HistoryReplay } from './history-replay.ts';

/** As they are sent to another thread: the model as one buffer, which both sides may share. */
export type SentSettings = Omit<BacktestSettings, 'model'> & { readonly model: ArrayBuffer };

export interface JudgingOrder extends HistoryReading {
  readonly before: SentSettings;
  readonly after: SentSettings;
  /** Only windows that start from this time on, and before that one; unix milliseconds. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Those of the service, so that entities have the names they have there. */
  readonly pseudonymKey: Uint8Array;
  readonly hashKey: Uint8Array;
}

export type HistoryReport = BacktestReport & { readonly upload: HistoryNotes };

/**
 * Judges all traces in `chunks` (compressed or not), beginning with nothing known of anybody. Rejects with
 * `upload_unreadable`, `upload_too_large`, or the error of `chunks`. `onRead`: all is read and judged.
 */
export async function backtestOnHistory(
  chunks: AsyncIterable<Buffer>,
  order: JudgingOrder,
  onRead: () => void,
): Promise<HistoryReport> {
  const { before, after, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = order;
  const model = Model.from(new Uint8Array(before.model));
  const other = after.model === before.model ? model : Model.from(new Uint8Array(after.model));
  const backtest = new Backtest({ ...before, model }, { ...after, model: other });
  const history: HistoryReplay = new HistoryReplay(order, {
    learning: { model },
    pseudonymKey: Buffer.from(order.pseudonymKey),
    hashKey: Buffer.from(order.hashKey),
    findings: {
      anomaly: () => {},
      window: (closed) => {
        const window = windowRecord(closed, history.engine.names);
        if (window.startMs >= fromMs && window.startMs < toMs) backtest.add(window);
      },
    },
  });
  await history.judge(chunks);
  const { states } = history.engine;
  for (const kind of ENTITY_KINDS) states.closeBefore(kind, Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY);
  onRead();
  return { ...backtest.report(), upload: history.notes };
}
