import { makeMedia } from './world/media.ts';

/** Making the streams takes a minute, once; every later run finds them. */
export async function setup(): Promise<void> {
  await makeMedia();
}
