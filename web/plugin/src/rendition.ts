/**
 * Which rendition is on screen. A player announces what it switches to when it loads or appends it; what
 * is shown follows seconds later. The height of the frames tells, wherever the renditions differ in it.
 */

import type { Rendition } from './events.ts';

/** The rendition whose frames the element shows; undefined while nothing is known. */
export function shownRendition(
  { videoWidth: width, videoHeight: height }: Pick<HTMLVideoElement, 'videoWidth' | 'videoHeight'>,
  renditions: readonly Rendition[],
  announced: Rendition | undefined,
  shown: Rendition | undefined,
): Rendition | undefined {
  // Sound has no height, and a playlist may name none: then the player's word counts.
  const fits = (rendition?: Rendition) =>
    rendition && (!height || !rendition.height || rendition.height === height);
  return (
    // Renditions of one height are told apart by nothing else.
    [announced, shown].find(fits) ??
    renditions.find((rendition) => height && rendition.height === height) ??
    (height ? { width, height } : undefined)
  );
}
