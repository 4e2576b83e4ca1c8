import CopyWebpackPlugin from 'copy-webpack-plugin';
import type { Configuration } from 'webpack';
import { merge } from 'webpack-merge';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

const config = async (env: Env): Promise<Configuration> =>
  merge(await grafanaConfig(env), {
    // A nested plugin looks for lazy chunks in its own folder, where they are not (grafana/plugin-tools#2172): one file each.
    module: { parser: { javascript: { dynamicImportMode: 'eager' } } },
    // Only the images of the app itself are copied by the scaffold.
    plugins: [new CopyWebpackPlugin({ patterns: [{ from: '*/img/**/*', to: '.' }] })],
  });

export default config;
