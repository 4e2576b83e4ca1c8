/** OpenTelemetry as any Node service would set it up; loaded first, with `node --require`. Where to is told by OTEL_EXPORTER_OTLP_ENDPOINT. */
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({
  instrumentations: [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url }) => url === '/health',
      // Who calls: a real service would take it from the checked access token.
      startIncomingSpanHook: ({ headers }) => (headers['x-user'] ? { 'user.id': String(headers['x-user']) } : {}),
    }),
    // One span a request is enough here.
    new ExpressInstrumentation({ ignoreLayersType: ['middleware', 'request_handler', 'router'] }),
  ],
});
sdk.start();
process.on('SIGTERM', () => void sdk.shutdown().finally(() => process.exit(0)));
