/** The routes under `/api/v1`: those whose views there are. */
import { z } from 'zod';
import type { ControlApp } from '../call.ts';
import type { ControlViews } from '../views.ts';
import { addAnomalyRoutes } from './anomalies.ts';
import { addAuditRoute } from './audit.ts';
import { addBacktestRoute } from './backtest.ts';
import { addDetectRoute } from './detect.ts';
import { addEndpointRoutes } from './endpoints.ts';
import { addEraseRoute } from './erase.ts';
import { addExclusionRoutes } from './exclusions.ts';
import { addFeedbackRoute } from './feedback.ts';
import { addIncidentRoutes } from './incidents.ts';
import { addJobRoutes } from './jobs.ts';
import { addModelRoutes } from './models.ts';
import { addSensitivityRoutes } from './sensitivity.ts';
import { addStatusRoute } from './status.ts';
import { addTrainRoute } from './train.ts';
import { addUserRoutes } from './users.ts';

/** Calls that also answer without the prefix, of which `isAlias` makes the second set. */
export function addShortRoutes(
  app: ControlApp,
  views: Partial<ControlViews>,
  maxDetectBytes: number,
  isAlias: boolean,
) {
  const { status, training, detect } = views;
  if (status !== undefined) addStatusRoute(app, status, isAlias);
  if (training !== undefined) addTrainRoute(app, training, isAlias);
  if (detect !== undefined) addDetectRoute(app, detect, maxDetectBytes, isAlias);
}

export function addRoutes(app: ControlApp, views: Partial<ControlViews>, maxDetectBytes: number): void {
  addShortRoutes(app, views, maxDetectBytes, false);
  const { jobs, models, anomalies, incidents, feedback, users, erasure, endpoints } = views;
  const { sensitivity, backtest, exclusions, audit } = views;
  if (jobs !== undefined) addJobRoutes(app, jobs);
  if (models !== undefined) addModelRoutes(app, models);
  if (anomalies !== undefined) addAnomalyRoutes(app, anomalies);
  if (incidents !== undefined) addIncidentRoutes(app, incidents);
  if (feedback !== undefined) addFeedbackRoute(app, feedback);
  if (users !== undefined) addUserRoutes(app, users);
  if (erasure !== undefined) addEraseRoute(app, erasure);
  if (endpoints !== undefined) addEndpointRoutes(app, endpoints);
  if (sensitivity !== undefined) addSensitivityRoutes(app, sensitivity);
  if (backtest !== undefined) addBacktestRoute(app, backtest);
  if (exclusions !== undefined) addExclusionRoutes(app, exclusions);
  if (audit !== undefined) addAuditRoute(app, audit);
}

/** A query that a call does not know is a mistake of its caller, also where it knows none. */
export function refuseUnknownQueries(app: ControlApp): void {
  const none = z.strictObject({});
  app.addHook('onRoute', (route) => {
    if (route.schema !== undefined) route.schema.querystring ??= none;
  });
}
