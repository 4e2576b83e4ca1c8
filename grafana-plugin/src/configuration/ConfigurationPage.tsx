/** The app's configuration page: is there a data source, does the processor answer, and what comes next. */
import { type AppPluginMeta, type DataSourceInstanceSettings, type PluginConfigPageProps } from '@grafana/data';
import { getBackendSrv, getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, Icon, LinkButton, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { lastValueFrom } from 'rxjs';
import type { Status } from '../control/answers';
import { problemOf } from '../control/problem';
import type { AnomalyDataSource } from '../datasource/datasource';
import type { Health } from '../datasource/health';
import { look } from '../panel/look';
import { useLoaded } from '../panel/useLoaded';
import { testIds } from '../testIds';

const TYPE = 'apianomaly-anomaly-datasource';

interface Found {
  readonly status: Status | undefined;
  readonly health: Health;
}

export function ConfigurationPage({ plugin }: PluginConfigPageProps<AppPluginMeta>) {
  const styles = useStyles2(look);
  const { id, enabled } = plugin.meta;
  const [failure, setFailure] = useState<string>();
  const sources = getDataSourceSrv().getList({ type: TYPE });
  const enable = async () => {
    try {
      await lastValueFrom(
        getBackendSrv().fetch({
          url: `/api/plugins/${id}/settings`,
          method: 'POST',
          data: { enabled: true, pinned: true },
        }),
      );
      window.location.reload();
    } catch (error) {
      setFailure(problemOf(error, 'enable').message);
    }
  };
  return (
    <div className={styles.column} style={{ maxWidth: 760, gap: 16 }} data-testid={testIds.config.app}>
      <p>
        Which users and endpoints of your API behave unusually, and why. The app brings a data source, which talks to an
        api-anomaly processor, and a panel, which shows what it finds.
      </p>
      {enabled === false && (
        <Alert severity="info" title="The app is not enabled" topSpacing={0} bottomSpacing={0}>
          Its data source and panel work once it is. <Button onClick={() => void enable()}>Enable</Button>
        </Alert>
      )}
      {failure !== undefined && (
        <Alert severity="error" title="It could not be enabled">
          {failure}
        </Alert>
      )}
      {sources.length === 0 ? (
        <Checklist source={undefined} found={undefined} />
      ) : (
        sources.map((source) => <Source key={source.uid} source={source} />)
      )}
    </div>
  );
}

function Source({ source }: { readonly source: DataSourceInstanceSettings }) {
  const styles = useStyles2(look);
  const tested = useLoaded(`test ${source.uid}`, () => test(source.uid));
  const { value, problem } = tested;
  return (
    <section
      className={`${styles.card} ${styles.pad}`}
      style={{ gap: 8 }}
      aria-label={source.name}
      data-testid={testIds.config.test}
    >
      <div className={styles.row}>
        <h3 className={styles.value} style={{ margin: 0 }}>
          {source.name}
        </h3>
        <Button
          className={styles.push}
          size="sm"
          variant="secondary"
          icon="sync"
          disabled={tested.isLoading}
          onClick={tested.reload}
        >
          Test the connection
        </Button>
      </div>
      <div role="status">
        {value !== undefined && (
          <Alert severity={value.health.status} title={value.health.message} topSpacing={0} bottomSpacing={0} />
        )}
        {problem !== undefined && <Alert severity="error" title={problem.message} topSpacing={0} bottomSpacing={0} />}
        {value === undefined && problem === undefined && 'Testing …'}
      </div>
      <Checklist source={source} found={value} />
    </section>
  );
}

async function test(uid: string): Promise<Found> {
  const source = (await getDataSourceSrv().get({ uid })) as AnomalyDataSource;
  const health = await source.testDatasource();
  return { health, status: health.status === 'success' ? await source.client.status() : undefined };
}

/** What is done, and what comes next. */
function Checklist({
  source,
  found,
}: {
  readonly source: DataSourceInstanceSettings | undefined;
  readonly found: Found | undefined;
}) {
  const styles = useStyles2(look);
  const status = found?.status;
  const steps: Array<{
    readonly isDone: boolean;
    readonly text: string;
    readonly link?: { readonly href: string; readonly text: string };
  }> = [
    {
      isDone: source !== undefined,
      text: 'Add an API anomaly data source, with the address and the read token of the processor.',
      link: {
        href: source === undefined ? '/connections/datasources/new' : `/connections/datasources/edit/${source.uid}`,
        text: source === undefined ? 'Add a data source' : 'Its settings',
      },
    },
    { isDone: status !== undefined, text: 'The processor answers.' },
    {
      isDone: (status?.throughput.spans ?? 0) > 0,
      text: 'Spans arrive: a collector sends traces to port 4317 of the processor.',
    },
    {
      isDone: status !== undefined && status.model !== null,
      text: 'The first model is learned; that takes an hour of traffic, or an upload in the Model view.',
    },
    {
      isDone: false,
      text: 'Open the dashboard “API anomalies”, which the app brings along; or put the panel on one of your own.',
      link: { href: '/d/api-anomalies', text: 'API anomalies' },
    },
  ];
  return (
    <>
      <ol style={{ listStyle: 'none', margin: 0 }} data-testid={testIds.config.checklist}>
        {steps.map(({ isDone, text, link }) => (
          <li key={text} className={styles.row} style={{ padding: '4px 0' }}>
            <Icon name={isDone ? 'check-circle' : 'circle'} className={isDone ? styles.success : styles.secondary} />
            <span className={styles.hidden}>{isDone ? 'Done:' : 'To do:'}</span>
            <span>
              {text}{' '}
              {link !== undefined && (
                <TextLink href={link.href} inline>
                  {link.text}
                </TextLink>
              )}
            </span>
          </li>
        ))}
      </ol>
      {source === undefined && (
        <div>
          <LinkButton href="/connections/datasources/new">Add a data source</LinkButton>
        </div>
      )}
    </>
  );
}
