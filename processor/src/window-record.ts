/** Windows as the database keeps them and backtests judge them. */
import type { EntityNames } from './call/entity-names.ts';
import { WINDOW_SECONDS } from './features/window-clock.ts';
import type { ClosedWindow } from './pipeline/window-peaks.ts';
import type { KeptWindow } from './store/kept-windows.ts';

export function windowRecord(window: ClosedWindow, names: EntityNames): KeptWindow {
  const { kind, entityHigh, entityLow, evidence, rarity, behavior, isMaterial, features, carried, modelVersion } =
    window;
  return {
    kind,
    entity: names.entity(kind, entityHigh, entityLow),
    startMs: window.window * WINDOW_SECONDS * 1000,
    timeMs: window.seconds * 1000,
    evidence,
    p: Math.exp(-rarity),
    behavior,
    isMaterial,
    ...names.endpoint(window.endpoint),
    features,
    carried,
    // Nine digits give a 32-bit float back as it was.
    entityRow: Array.from(window.row, (value) => Number(value.toPrecision(9))),
    modelVersion,
  };
}
