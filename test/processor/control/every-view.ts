import type { ControlViews } from '../../../processor/src/control/views.ts';
import { ServiceError } from '../../../processor/src/errors.ts';

const NAMES = [
  'status',
  'training',
  'jobs',
  'detect',
  'models',
  'anomalies',
  'incidents',
  'feedback',
  'users',
  'erasure',
  'endpoints',
  'sensitivity',
  'backtest',
  'exclusions',
  'audit',
] as const satisfies readonly (keyof ControlViews)[];

/** Views of everything, so that every route is served; whatever is asked of them is noted and refused. */
export function everyView(asked: string[] = []): ControlViews {
  const view = (name: string): unknown =>
    new Proxy(
      {},
      {
        get: (_, property) => {
          // Of incidents the view has parts.
          if (name === 'incidents' && (property === 'incidents' || property === 'feedback')) return view(name);
          return () => {
            asked.push(`${name}.${String(property)}`);
            throw new ServiceError('no_such_record', { noun: 'record', id: 'it', list: 'nowhere' });
          };
        },
      },
    );
  return Object.fromEntries(NAMES.map((name) => [name, view(name)])) as unknown as ControlViews;
}
