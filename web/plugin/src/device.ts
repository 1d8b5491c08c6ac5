/** What a page may know of the browser, the screen and the network, without asking anyone. */

/** `token` or `token=name`: the first whose token is in the user agent. Order matters, many claim to be others. */
const BROWSERS =
  'Edg=Edge,OPR=Opera,SamsungBrowser=Samsung Internet,Firefox,FxiOS=Firefox,Chrome,CriOS=Chrome,Safari';
const SYSTEMS = 'Android,iPhone=iOS,iPad=iOS,Windows,Mac=macOS,CrOS=Chrome OS,Linux';

function named(names: string): string | undefined {
  const known = names.split(',').map((name) => name.split('='));
  const [token, name = token] = known.find(([token = '']) => navigator.userAgent.includes(token)) ?? [];
  return name;
}

export function deviceInfo(): Record<string, unknown> {
  return {
    browser: named(BROWSERS),
    os: named(SYSTEMS),
    screenWidth: screen.width,
    screenHeight: screen.height,
  };
}

interface NetworkInformation {
  readonly downlink?: number;
  readonly rtt?: number;
  readonly effectiveType?: string;
}

/** Empty where the browser does not tell. */
export function networkInfo(): Record<string, unknown> {
  const { downlink, rtt, effectiveType } =
    (navigator as { connection?: NetworkInformation }).connection ?? {};
  return { downlinkMbps: downlink, rttMs: rtt, effectiveType };
}

/** Pages without https have no randomUUID. */
export function uuid(): string {
  return (crypto as Partial<Crypto>).randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-');
}
