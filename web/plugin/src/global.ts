/** The script for pages without a bundler: `TelemetryPlugin` becomes a global. */
export { TelemetryPlugin as default } from './index.ts';
