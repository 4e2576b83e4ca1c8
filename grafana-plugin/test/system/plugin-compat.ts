// @ts-nocheck: stands in for a package that @grafana/scenes wants of a later Grafana.
import { getDataSourceSrv } from '@grafana/runtime';
export const getDataSourceInstance = (r?: any, s?: any) => getDataSourceSrv().get(r, s);
export const getDataSourceInstanceSettings = async (r?: any, s?: any) => getDataSourceSrv().getInstanceSettings(r, s);
export const getDataSourceInstanceList = async (f?: any) => getDataSourceSrv().getList(f);
export const getDataSourceInstanceListItem = async (r?: any) => getDataSourceSrv().getInstanceSettings(r);
export const getDefaultDataSourceInstanceListItem = async (t?: any) => getDataSourceSrv().getList({ type: t })[0];
