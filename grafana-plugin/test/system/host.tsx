// @ts-nocheck: it takes Grafana's place, and reaches into what Grafana's packages do not export.
/** What Grafana does for a plugin: shared modules, services, a scene with one panel. */
import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/amd.js';
import 'systemjs/dist/extras/named-register.js';
import React from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'react-router-dom';
import { CompatRouter } from 'react-router-dom-v5-compat';
import { Observable, from, map, catchError, of, startWith } from 'rxjs';
import * as grafanaData from '@grafana/data';
import * as grafanaUI from '@grafana/ui';
import * as grafanaRuntime from '@grafana/runtime';
import {
  LoadingState,
  FieldConfigProperty,
  identityOverrideProcessor,
  EventBusSrv,
  toDataFrame,
  PanelPlugin,
} from '@grafana/data';
import { setPanelDataErrorView } from '../../node_modules/@grafana/runtime/dist/esm/components/PanelDataErrorView.mjs';
import {
  setDataSourcePluginImporter,
  getDataSourceInstance,
} from '../../node_modules/@grafana/runtime/dist/esm/services/dataSource/dataSource.mjs';
import { initDataSourceInstanceSettings } from '../../node_modules/@grafana/runtime/dist/esm/services/dataSource/settings.mjs';
import { initializeI18n } from '../../node_modules/@grafana/i18n/dist/esm/i18n.mjs';
import {
  EmbeddedScene,
  SceneFlexLayout,
  SceneFlexItem,
  VizPanel,
  SceneQueryRunner,
  SceneTimeRange,
  SceneTimePicker,
  SceneRefreshPicker,
  SceneControlsSpacer,
  UrlSyncContextProvider,
} from '@grafana/scenes';

const S: any = (window as any).System;
const lazy: Record<string, () => Promise<any>> = {
  '@emotion/css': () => import('@emotion/css'),
  '@emotion/react': () => import('@emotion/react'),
  lodash: () =>
    import('lodash').then((m: any) => {
      const d = m.default ?? m;
      return { ...d, default: d, __useDefault: true };
    }),
  moment: () =>
    import('moment').then((m: any) => {
      const d = m.default ?? m;
      return { ...d, default: d, __useDefault: true };
    }),
  react: () => import('react'),
  'react/jsx-runtime': () => import('react/jsx-runtime'),
  'react/jsx-dev-runtime': () => import('react/jsx-dev-runtime'),
  'react-dom': () => import('react-dom'),
  'react-dom/client': () => import('react-dom/client'),
  'react-redux': () => import('react-redux'),
  'react-router': () => import('react-router-dom-v5-compat'),
  'react-router-dom': () => import('react-router-dom'),
  redux: () => import('redux'),
  rxjs: () => import('rxjs'),
  'rxjs/operators': () => import('rxjs/operators'),
  i18next: () => import('i18next'),
};
const eager: Record<string, any> = {
  '@grafana/data': grafanaData,
  '@grafana/ui': grafanaUI,
  '@grafana/runtime': grafanaRuntime,
};

async function shareDeps() {
  const imports: Record<string, string> = {};
  for (const k of Object.keys(eager)) {
    S.set(`package:${k}`, eager[k]);
    imports[k] = `package:${k}`;
  }
  await Promise.all(
    Object.keys(lazy).map(async (k) => {
      const m = await lazy[k]();
      const keys = Object.keys(m).filter((x) => x !== '__useDefault');
      const ns = keys.length === 1 && keys[0] === 'default' ? { ...m.default, default: m.default } : m;
      S.set(`package:${k}`, ns);
      imports[k] = `package:${k}`;
    }),
  );
  S.addImportMap({ imports });
}

// ---- backendSrv over window.fetch
const backendSrv: any = {
  fetch: (o: any) =>
    from(
      (async () => {
        const url = o.url.startsWith('/') || o.url.startsWith('http') ? o.url : '/' + o.url;
        const r = await window.fetch(url, {
          method: o.method ?? 'GET',
          headers: { 'content-type': 'application/json', accept: 'application/json', ...(o.headers ?? {}) },
          body:
            o.data === undefined || typeof o.data === 'string' || o.data instanceof Blob
              ? o.data
              : JSON.stringify(o.data),
          signal: o.abortSignal,
        });
        const text = await r.text();
        let data: any = text;
        try {
          data = JSON.parse(text);
        } catch {}
        const res = {
          data,
          status: r.status,
          statusText: r.statusText,
          ok: r.ok,
          headers: r.headers,
          url: r.url,
          type: r.type,
          redirected: r.redirected,
          config: o,
        };
        if (!r.ok) throw res;
        return res;
      })(),
    ),
  get: async (u: string) => (await window.fetch(u)).json(),
};
backendSrv.datasourceRequest = backendSrv.fetch;

const pluginCache = new Map<string, any>();
async function loadPlugin(meta: any) {
  if (pluginCache.has(meta.id)) return pluginCache.get(meta.id);
  const mod = await S.import(`/${meta.module}`);
  const plugin = await mod.plugin;
  plugin.meta = meta;
  pluginCache.set(meta.id, plugin);
  return plugin;
}

const runRequest = (ds: any, request: any): Observable<any> => {
  request.startTime = Date.now();
  const base = { state: LoadingState.Loading, series: [], annotations: [], request, timeRange: request.range };
  return from(ds.query(request) as any).pipe(
    map((r: any) => ({
      ...base,
      state: r.errors?.length || r.error ? LoadingState.Error : LoadingState.Done,
      errors: r.errors ?? (r.error ? [r.error] : undefined),
      series: (r.data ?? []).map((f: any) => toDataFrame(f)),
    })),
    catchError((e) => of({ ...base, state: LoadingState.Error, errors: [e], error: e })),
    startWith(base),
  );
};

const PanelDataErrorViewStub = ({ data, message, needsNumberField }: any) => (
  <div data-testid="data-testid Panel data error message" style={{ padding: 16, textAlign: 'center' }}>
    {message ??
      (!data.series.length ? 'No data' : needsNumberField ? 'Data is missing a number field' : 'Unable to render')}
  </div>
);

function registries() {
  const Stub = () => null;
  grafanaData.standardEditorsRegistry.setInit(() =>
    [
      'number',
      'slider',
      'text',
      'strings',
      'boolean',
      'select',
      'multi-select',
      'radio',
      'unit',
      'links',
      'actions',
      'color',
      'stats-picker',
      'field-name',
      'timezone',
      'fieldColor',
      'thresholds',
      'mappings',
      'dashboard-uid',
      'datasource',
      'palette',
    ].map((id) => ({ id, name: id, editor: Stub as any })),
  );
  grafanaData.standardFieldConfigEditorRegistry.setInit(
    () =>
      Object.values(FieldConfigProperty).map((id) => ({
        id,
        path: id as any,
        name: id,
        editor: Stub as any,
        override: Stub as any,
        process: identityOverrideProcessor as any,
        shouldApply: () => true,
        settings: {},
      })) as any,
  );
  grafanaData.standardTransformersRegistry.setInit(() => []);
}

const Framed = ({ theme, content }: any) => (
  <grafanaData.ThemeContext.Provider value={theme}>
    <grafanaRuntime.LocationServiceProvider service={grafanaRuntime.locationService}>
      <grafanaUI.GlobalStyles />
      <Router history={grafanaRuntime.locationService.getHistory() as any}>
        <CompatRouter>{content}</CompatRouter>
      </Router>
      <grafanaUI.PortalContainer />
    </grafanaRuntime.LocationServiceProvider>
  </grafanaData.ThemeContext.Provider>
);

/** A page of Grafana's that is not a dashboard: of the app, or of the data source's settings. */
async function pageOf({ page }: any, { settings }: any) {
  if (page === 'configuration') {
    const plugin = await loadPlugin(settings.apps['apianomaly-anomaly-app']);
    const [{ body: Body }] = plugin.configPages;
    return () => <Body plugin={plugin} query={{}} />;
  }
  if (page === 'settings') {
    const source = settings.datasources['API anomaly'];
    const { components } = await loadPlugin(source.meta);
    return () => {
      const [options, setOptions] = React.useState({ ...source, url: 'https://processor:8000', secureJsonFields: {} });
      return <components.ConfigEditor options={options} onOptionsChange={setOptions} />;
    };
  }
  return undefined;
}

async function main() {
  const boot = (window as any).grafanaBootData;
  await initializeI18n({ ns: ['grafana'], language: boot.user.language || 'en-US' } as any, 'grafana').catch?.(
    (e: any) => console.warn(e),
  );
  registries();
  grafanaRuntime.setBackendSrv(backendSrv);
  grafanaRuntime.setAppEvents(new EventBusSrv());
  grafanaRuntime.setEchoSrv({ flush() {}, addBackend() {}, addEvent() {} } as any);
  grafanaRuntime.setTemplateSrv({
    getVariables: () => [],
    replace: (s: any) => s ?? '',
    containsTemplate: () => false,
    updateTimeRange() {},
  } as any);
  grafanaRuntime.setRunRequest(runRequest as any);
  grafanaRuntime.setChromeHeaderHeightHook(() => 0);
  setPanelDataErrorView(PanelDataErrorViewStub);
  grafanaRuntime.setCurrentUser(boot.user);
  await shareDeps();
  const panels = boot.settings.panels;
  grafanaRuntime.setPluginImportUtils({
    importPanelPlugin: (id: string) => loadPlugin(panels[id]),
    getPanelPluginFromCache: (id: string) => pluginCache.get(id) as PanelPlugin,
  });
  initDataSourceInstanceSettings(boot.settings.datasources, boot.settings.defaultDatasource);
  setDataSourcePluginImporter(async (meta: any) => {
    if (meta.id === 'prometheus') {
      class Prom extends grafanaRuntime.DataSourceWithBackend<any, any> {
        filterQuery(q: any) {
          return !!q.expr;
        }
      }
      return new grafanaData.DataSourcePlugin(Prom as any);
    }
    return loadPlugin(meta);
  });
  grafanaRuntime.setDataSourceSrv({
    get: (ref: any, sv: any) => getDataSourceInstance(ref, sv),
    getInstanceSettings: (ref: any) =>
      Object.values(boot.settings.datasources).find((d: any) => d.uid === (ref?.uid ?? ref) || d.name === ref),
    getList: (f: any = {}) =>
      (Object.values(boot.settings.datasources) as any[]).filter(
        (d) => (!f.type || d.type === f.type) && (!f.pluginId || d.meta.id === f.pluginId),
      ),
    reload: async () => {},
    registerRuntimeDataSource() {},
  } as any);

  const panelJson = (window as any).panelOfPage;
  const theme = grafanaData.getThemeById(boot.user.theme);
  const Page = await pageOf(panelJson, boot);
  if (Page !== undefined) {
    createRoot(document.getElementById('reactRoot')!).render(<Framed theme={theme} content={<Page />} />);
    return;
  }
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: panelJson.from ?? 'now-1h', to: 'now' }),
    controls: [new SceneControlsSpacer(), new SceneTimePicker({}), new SceneRefreshPicker({})],
    body: new SceneFlexLayout({
      direction: 'column',
      children: [
        new SceneFlexItem({
          width: panelJson.width,
          height: panelJson.height ?? 600,
          body: new VizPanel({
            pluginId: panelJson.type,
            title: panelJson.title,
            hoverHeader: true,
            options: panelJson.options ?? {},
            fieldConfig: panelJson.fieldConfig ?? { defaults: {}, overrides: [] },
            ...(panelJson.targets.length > 0 && {
              $data: new SceneQueryRunner({ datasource: panelJson.datasource, queries: panelJson.targets }),
            }),
          }),
        }),
      ],
    }),
  });
  (window as any).__scene = scene;
  const content = (
    <UrlSyncContextProvider scene={scene}>
      <scene.Component model={scene} />
    </UrlSyncContextProvider>
  );
  createRoot(document.getElementById('reactRoot')!).render(<Framed theme={theme} content={content} />);
  (window as any).__ready = true;
}
main().catch((e) => {
  console.error('HOST FAIL', e);
  (window as any).__fail = String(e?.stack ?? e);
});
