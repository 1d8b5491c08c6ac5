/** Runs what is not ours, and lets nothing out: telemetry that fails must not be noticed by the page. */
export function quietly<Result>(act: () => Result): Result | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
