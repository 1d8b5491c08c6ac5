/** Reads what V8's sampling profiler saw. Times in a profile are µs, what is told is ms. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly url: string };
  /** Ids of the functions called from here. */
  readonly children?: readonly number[];
}

export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** The innermost function at each sample. */
  readonly samples: readonly number[];
  /** Time before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Time in functions of this script and in everything they called. */
export function pluginTimeMs({ nodes, samples, timeDeltas }: Profile, script: string): number {
  const inScript = new Set<number>();
  // A node stands before the ones it calls.
  for (const { id, callFrame, children = [] } of nodes) {
    if (callFrame.url.endsWith(script)) inScript.add(id);
    if (inScript.has(id)) for (const child of children) inScript.add(child);
  }
  let timeUs = 0;
  samples.forEach((node, index) => {
    // The time until the next sample is spent where this one was taken.
    if (inScript.has(node)) timeUs += timeDeltas[index + 1] ?? 0;
  });
  return timeUs / 1000;
}
