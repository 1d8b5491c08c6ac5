/** What a page may know of the browser, the screen and the network, without asking anyone. */

/** The first one whose token the user agent holds; order matters, many claim to be others. */
const BROWSERS: readonly [name: string, token: RegExp][] = [
  ['Edge', /Edg/],
  ['Opera', /OPR/],
  ['Samsung Internet', /SamsungBrowser/],
  ['Firefox', /Firefox|FxiOS/],
  ['Chrome', /Chrom|CriOS/],
  ['Safari', /Safari/],
];
const SYSTEMS: readonly [name: string, token: RegExp][] = [
  ['Android', /Android/],
  ['iOS', /iP(hone|ad|od)/],
  ['Windows', /Windows/],
  ['macOS', /Mac/],
  ['Chrome OS', /CrOS/],
  ['Linux', /Linux|Tizen|Web0S/],
];

export function deviceInfo(): Record<string, unknown> {
  const agent = navigator.userAgent;
  const named = (names: typeof BROWSERS) => names.find(([, token]) => token.test(agent))?.[0];
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
  const { connection } = navigator as { connection?: NetworkInformation };
  if (!connection) return {};
  return {
    downlinkMbps: connection.downlink,
    rttMs: connection.rtt,
    effectiveType: connection.effectiveType,
  };
}

/** The page, without what may hold secrets: no query, no fragment. */
export function pageInfo(): Record<string, unknown> {
  return { url: location.origin + location.pathname };
}

export function uuid(): string {
  // Pages without https have no randomUUID.
  if ('randomUUID' in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
