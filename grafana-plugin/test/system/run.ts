/**
 * The built plugin in a browser, before a real processor and a real Prometheus: npm run build, then npm run test:browser.
 * A regular expression as argument picks stories.
 */
import { Grafana } from './grafana.ts';
import { DemoProcessor } from './processor.ts';
import { findPrometheus, Prometheus } from './prometheus.ts';
import { Session } from './session.ts';
import { crowd } from './stories/crowd.ts';
import { misbehaving } from './stories/misbehaving.ts';
import { people } from './stories/people.ts';
import { prometheus } from './stories/prometheus.ts';
import { settings } from './stories/settings.ts';
import { views } from './stories/views.ts';

await import('./build-host.ts');

const processor = new DemoProcessor();
const scraper = new Prometheus();
try {
  const grafana = new Grafana(await processor.start());
  const program = findPrometheus();
  if (program !== undefined) {
    await scraper.start(program, new URL(grafana.behind.url).host);
    grafana.prometheus = scraper;
  }
  await processor.goOn();
  const session = await Session.start(grafana);
  try {
    for (const tell of [prometheus, views, settings, people, crowd, misbehaving]) {
      await tell(session);
    }
  } finally {
    await session.stop();
  }
  process.exitCode = session.failed === 0 ? 0 : 1;
} finally {
  await scraper.stop();
  await processor.stop();
}
