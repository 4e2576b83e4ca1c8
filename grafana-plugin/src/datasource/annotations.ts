/** Incidents over any graph. */
import { createDataFrame, type DataFrame, FieldType } from '@grafana/data';
import type { Incident } from '../control/answers';
import { behaviorInWords } from '../control/words';

/** The fields that Grafana makes annotations of. An open incident lasts until `nowMs`. */
export function annotationFrame(incidents: readonly Incident[], nowMs: number): DataFrame {
  const endOf = ({ open, last }: Incident): number => (open ? nowMs : Date.parse(last));
  return createDataFrame({
    name: 'Incidents',
    fields: [
      { name: 'time', type: FieldType.time, values: incidents.map(({ start }) => Date.parse(start)) },
      { name: 'timeEnd', type: FieldType.time, values: incidents.map(endOf) },
      { name: 'title', type: FieldType.string, values: incidents.map(({ behavior }) => behaviorInWords(behavior)) },
      {
        name: 'text',
        type: FieldType.string,
        values: incidents.map(({ reason, entity, endpoint }) => `${reason}. ${entity}, ${endpoint}`),
      },
      { name: 'tags', type: FieldType.other, values: incidents.map(({ severity, behavior }) => [severity, behavior]) },
      { name: 'id', type: FieldType.string, values: incidents.map(({ id }) => id) },
    ],
  });
}
