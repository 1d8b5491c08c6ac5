/**
 * Which rendition is on screen. A player announces what it switches to when it loads or appends it; what
 * is shown follows seconds later. The height of the frames tells, wherever the renditions differ in it.
 */

import type { Rendition } from './events.ts';

/** The rendition shown when frames are `height` px high, or undefined while nothing is known. */
export function shownRendition(
  video: { videoWidth: number; videoHeight: number },
  renditions: readonly Rendition[],
  announced: Rendition | undefined,
  shown: Rendition | undefined,
): Rendition | undefined {
  const { videoWidth: width, videoHeight: height } = video;
  if (!height) return announced ?? shown;
  const fitting = renditions.filter((rendition) => rendition.height === height);
  // Renditions of one height are told apart by nothing but the player's word.
  const fits = (rendition: Rendition | undefined) =>
    rendition && fitting.some((other) => other.bitrateKbps === rendition.bitrateKbps) ? rendition : undefined;
  return (
    fits(announced) ?? fits(shown) ?? fitting[0] ?? withoutHeights(renditions, announced) ?? { width, height }
  );
}

/** A playlist may name no resolutions. */
function withoutHeights(
  renditions: readonly Rendition[],
  announced: Rendition | undefined,
): Rendition | undefined {
  return renditions.some((rendition) => rendition.height) ? undefined : announced;
}

export function sameRendition(a: Rendition | undefined, b: Rendition | undefined): boolean {
  return a?.bitrateKbps === b?.bitrateKbps && a?.height === b?.height && a?.width === b?.width;
}
