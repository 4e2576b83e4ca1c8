/** What the control API needs of the rest of the service: one narrow view a group of routes. */
import type { AnomaliesView } from './routes/anomalies.ts';
import type { AuditView } from './routes/audit.ts';
import type { BacktestView } from './routes/backtest.ts';
import type { DetectView } from './routes/detect.ts';
import type { EndpointsView } from './routes/endpoints.ts';
import type { ErasureView } from './routes/erase.ts';
import type { ExclusionsView } from './routes/exclusions.ts';
import type { FeedbackView } from './routes/feedback.ts';
import type { IncidentsView } from './routes/incidents.ts';
import type { JobsView } from './routes/jobs.ts';
import type { ModelsView } from './routes/models.ts';
import type { SensitivityView } from './routes/sensitivity.ts';
import type { StatusView } from './routes/status.ts';
import type { TrainingView } from './routes/train.ts';
import type { UsersView } from './routes/users.ts';

export interface ControlViews {
  readonly status: StatusView;
  readonly training: TrainingView;
  readonly jobs: JobsView;
  readonly detect: DetectView;
  readonly models: ModelsView;
  readonly anomalies: AnomaliesView;
  readonly incidents: IncidentsView;
  readonly feedback: FeedbackView;
  readonly users: UsersView;
  readonly erasure: ErasureView;
  readonly endpoints: EndpointsView;
  readonly sensitivity: SensitivityView;
  readonly backtest: BacktestView;
  readonly exclusions: ExclusionsView;
  readonly audit: AuditView;
}
