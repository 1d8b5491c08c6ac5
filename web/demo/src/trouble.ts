/** What the buttons do to the video and its network. */
import type { Network } from './network.ts';

/** A stall is held this long once it has begun. */
const STALL_MS = 3000;
const SEEK_SEC = 20;
/** Where less than this is left to play, all of it may be buffered already. */
const ROOM_SEC = 10;

/** Sees to it that the video plays and still needs the network; else trouble there would not be felt. */
export async function makeRoom(video: HTMLVideoElement): Promise<void> {
  const nearEnd = video.duration - video.currentTime < ROOM_SEC;
  if (!nearEnd && !video.paused) return;
  const playing = new Promise((resolve) => {
    video.addEventListener('playing', resolve, { once: true });
  });
  if (nearEnd) video.currentTime = 0;
  await video.play();
  await playing;
}

/** Lets nothing arrive until playback stalls, and then for a while. */
export async function stall(video: HTMLVideoElement, network: Network): Promise<void> {
  network.held = true;
  await new Promise((resolve) => {
    // A pause, an end or a new session is another way out of playing.
    for (const type of ['waiting', 'pause', 'ended', 'emptied']) {
      video.addEventListener(type, resolve, { once: true });
    }
  });
  await new Promise((resolve) => setTimeout(resolve, STALL_MS));
  network.held = false;
}

/** Jumps to where nothing is buffered yet. */
export function seek(video: HTMLVideoElement): void {
  if (Number.isFinite(video.duration)) video.currentTime = (video.currentTime + SEEK_SEC) % video.duration;
}

export function togglePause(video: HTMLVideoElement): void {
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

/** How much can be played without the network, s. */
export function bufferedAheadSec({ buffered, currentTime }: HTMLVideoElement): number {
  for (let range = 0; range < buffered.length; range++) {
    if (buffered.start(range) <= currentTime && currentTime <= buffered.end(range)) {
      return buffered.end(range) - currentTime;
    }
  }
  return 0;
}
